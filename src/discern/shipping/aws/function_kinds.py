"""Kinds of resources that run on demand: stacks, functions, interfaces, workflows and distributions."""

from collections.abc import Iterator, Mapping
from typing import Any

from discern.buckets.account_clients import AccountClients
from discern.errors import UsageError
from discern.shipping.aws.account_stack import WAIT, first_failure
from discern.shipping.aws.resource_kind import Kind, Resource, bundle_of, pages
from discern.shipping.aws.storage_kinds import empty_bucket, empty_repository


def _stacks(clients: AccountClients) -> Iterator[Resource]:
    """Yield the stacks, first those that use the role of another stack, which cannot be removed before them."""
    found = [each for each in pages(clients, "cloudformation", "describe_stacks", "Stacks") if _is_present(each)]
    for each in sorted(found, key=_is_alone):
        name, state = each["StackName"], each["StackStatus"]
        yield Resource(kind="stack", name=name, address=name, bundle=bundle_of(each.get("Tags")), state=state)


def _is_present(stack: Mapping[str, Any]) -> bool:
    return bool(stack["StackStatus"] != "DELETE_COMPLETE")


def _is_alone(stack: Mapping[str, Any]) -> bool:
    return all(each["ParameterKey"] != "FunctionRoleName" for each in stack.get("Parameters", ()))


def _remove_stack(clients: AccountClients, resource: Resource) -> None:
    """Remove a stack after its buckets and image repositories were emptied, which CloudFormation does not do."""
    from botocore.exceptions import WaiterError  # noqa: PLC0415 - an extra of the installation

    client, name = clients["cloudformation"], resource.address
    for each in list(
        pages(clients, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=name)
    ):
        if (empty := _EMPTIED.get(each["ResourceType"])) and each["ResourceStatus"] != "DELETE_COMPLETE":
            empty(clients, each["PhysicalResourceId"])
    client.delete_stack(StackName=name)
    try:
        client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=WAIT)
    except WaiterError as error:
        reason = first_failure(clients, name) or str(error).rstrip(".")
        raise UsageError(f"CloudFormation did not delete it: {reason}.", hint="See the events of the stack.") from error


_EMPTIED = {"AWS::S3::Bucket": empty_bucket, "AWS::ECR::Repository": empty_repository}


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


def _rules(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "events", "list_rules", "Rules"):
        name = each["Name"]
        bundle = bundle_of(clients["events"].list_tags_for_resource(ResourceARN=each["Arn"])["Tags"])
        yield Resource(kind="rule", name=name, address=name, bundle=bundle)


def _remove_rule(clients: AccountClients, resource: Resource) -> None:
    targets = [
        each["Id"] for each in pages(clients, "events", "list_targets_by_rule", "Targets", Rule=resource.address)
    ]
    if targets:
        clients["events"].remove_targets(Rule=resource.address, Ids=targets)
    clients["events"].delete_rule(Name=resource.address)


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
            name, bundle = each["DomainName"], bundle_of(tags, region=clients.region)
            yield Resource(kind="distribution", name=name, address=each["Id"], bundle=bundle, state=each["Status"])


def _remove_distribution(clients: AccountClients, resource: Resource) -> None:
    """Disable a distribution, wait until that is so everywhere, and delete it; this takes minutes."""
    client = clients["cloudfront"]
    found = client.get_distribution_config(Id=resource.address)
    if found["DistributionConfig"]["Enabled"]:
        settings = found["DistributionConfig"] | {"Enabled": False}
        client.update_distribution(Id=resource.address, IfMatch=found["ETag"], DistributionConfig=settings)
        client.get_waiter("distribution_deployed").wait(Id=resource.address)
    client.delete_distribution(Id=resource.address, IfMatch=client.get_distribution_config(Id=resource.address)["ETag"])


STACK = Kind(name="stack", list=_stacks, remove=_remove_stack, arn=r"cloudformation:stack/([^/]+)/.*")
DISTRIBUTION = Kind(
    name="distribution", list=_distributions, remove=_remove_distribution, arn=r"cloudfront:distribution/([^/]+)"
)
FUNCTION_KINDS = (
    Kind(name="rule", list=_rules, remove=_remove_rule, arn=r"events:rule/([^/]+)"),
    Kind(name="http-api", list=_http_apis, remove=_remove_http_api, arn=r"apigateway:/apis/([^/]+)(?:/.*)?"),
    Kind(name="rest-api", list=_rest_apis, remove=_remove_rest_api, arn=r"apigateway:/restapis/([^/]+)(?:/.*)?"),
    Kind(name="state-machine", list=_state_machines, remove=_remove_state_machine, arn=r"states:stateMachine:([^:]+)"),
    Kind(name="function", list=_functions, remove=_remove_function, arn=r"lambda:function:([^:]+)"),
)
