"""Kinds of resources that run on demand: stacks, functions, interfaces, workflows and distributions."""

from collections.abc import Iterator

from discern.shipping.aws.account_clients import AccountClients
from discern.shipping.aws.resource_kind import Kind, Resource, bundle_of, pages


def _stacks(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "cloudformation", "describe_stacks", "Stacks"):
        if each["StackStatus"] != "DELETE_COMPLETE":
            name, state = each["StackName"], each["StackStatus"]
            yield Resource(kind="stack", name=name, address=name, bundle=bundle_of(each.get("Tags")), state=state)


def _remove_stack(clients: AccountClients, resource: Resource) -> None:
    clients["cloudformation"].delete_stack(StackName=resource.address)
    clients["cloudformation"].get_waiter("stack_delete_complete").wait(StackName=resource.address)


def _functions(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "lambda", "list_functions", "Functions"):
        tags = clients["lambda"].list_tags(Resource=each["FunctionArn"])["Tags"]
        name = each["FunctionName"]
        yield Resource(kind="function", name=name, address=name, bundle=bundle_of(tags))


def _remove_function(clients: AccountClients, resource: Resource) -> None:
    mappings = pages(
        clients, "lambda", "list_event_source_mappings", "EventSourceMappings", FunctionName=resource.address
    )
    for each in list(mappings):
        clients["lambda"].delete_event_source_mapping(UUID=each["UUID"])
    clients["lambda"].delete_function(FunctionName=resource.address)


def _http_apis(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "apigatewayv2", "get_apis", "Items"):
        bundle = bundle_of(each.get("Tags"))
        yield Resource(kind="http-api", name=each["Name"], address=each["ApiId"], bundle=bundle)


def _remove_http_api(clients: AccountClients, resource: Resource) -> None:
    clients["apigatewayv2"].delete_api(ApiId=resource.address)


def _rest_apis(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "apigateway", "get_rest_apis", "items"):
        bundle = bundle_of(each.get("tags"))
        yield Resource(kind="rest-api", name=each["name"], address=each["id"], bundle=bundle)


def _remove_rest_api(clients: AccountClients, resource: Resource) -> None:
    clients["apigateway"].delete_rest_api(restApiId=resource.address)


def _state_machines(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "stepfunctions", "list_state_machines", "stateMachines"):
        arn = each["stateMachineArn"]
        bundle = bundle_of(clients["stepfunctions"].list_tags_for_resource(resourceArn=arn)["tags"])
        yield Resource(kind="state-machine", name=each["name"], address=arn, bundle=bundle)


def _remove_state_machine(clients: AccountClients, resource: Resource) -> None:
    clients["stepfunctions"].delete_state_machine(stateMachineArn=resource.address)


def _distributions(clients: AccountClients) -> Iterator[Resource]:
    for page in clients["cloudfront"].get_paginator("list_distributions").paginate():
        for each in page.get("DistributionList", {}).get("Items", ()):
            tags = clients["cloudfront"].list_tags_for_resource(Resource=each["ARN"])["Tags"]["Items"]
            name, state = each["DomainName"], each["Status"]
            yield Resource(kind="distribution", name=name, address=each["Id"], bundle=bundle_of(tags), state=state)


def _remove_distribution(clients: AccountClients, resource: Resource) -> None:
    """Disable a distribution, wait until that is so everywhere, and delete it; this takes minutes."""
    client = clients["cloudfront"]
    found = client.get_distribution_config(Id=resource.address)
    if found["DistributionConfig"]["Enabled"]:
        settings = found["DistributionConfig"] | {"Enabled": False}
        client.update_distribution(Id=resource.address, IfMatch=found["ETag"], DistributionConfig=settings)
        client.get_waiter("distribution_deployed").wait(Id=resource.address)
    client.delete_distribution(Id=resource.address, IfMatch=client.get_distribution_config(Id=resource.address)["ETag"])


STACK = Kind(name="stack", list=_stacks, remove=_remove_stack)
DISTRIBUTION = Kind(name="distribution", list=_distributions, remove=_remove_distribution)
FUNCTION_KINDS = (
    Kind(name="http-api", list=_http_apis, remove=_remove_http_api),
    Kind(name="rest-api", list=_rest_apis, remove=_remove_rest_api),
    Kind(name="state-machine", list=_state_machines, remove=_remove_state_machine),
    Kind(name="function", list=_functions, remove=_remove_function),
)
