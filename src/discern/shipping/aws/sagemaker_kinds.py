"""Kinds of resources of SageMaker: endpoints, their configurations, models and notebooks."""

from collections.abc import Iterator

from discern.buckets.account_clients import AccountClients
from discern.shipping.aws.resource_kind import Kind, Resource, bundle_of, pages

_RUNNING_NOTEBOOK = ("InService", "Pending", "Updating")
_STOPPED_ENDPOINT = ("Failed", "Deleting", "OutOfService")


def _tags(clients: AccountClients, arn: str) -> str | None:
    return bundle_of(list(pages(clients, "sagemaker", "list_tags", "Tags", ResourceArn=arn)))


def _endpoints(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "sagemaker", "list_endpoints", "Endpoints"):
        name, state = each["EndpointName"], each["EndpointStatus"]
        yield Resource(
            kind="endpoint",
            name=name,
            address=name,
            bundle=_tags(clients, each["EndpointArn"]),
            state=state,
            machines=() if state in _STOPPED_ENDPOINT else _machines(clients, name),
        )


def _machines(clients: AccountClients, endpoint: str) -> tuple[tuple[str, int], ...]:
    """Return type and number of the machines of an endpoint's variants; serverless ones have none."""
    found = clients["sagemaker"].describe_endpoint(EndpointName=endpoint)
    config = clients["sagemaker"].describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
    now = {each["VariantName"]: each.get("CurrentInstanceCount") for each in found.get("ProductionVariants", ())}
    variants = [each for each in config.get("ProductionVariants", ()) if each.get("InstanceType")]
    counts = [now.get(each["VariantName"]) for each in variants]
    return tuple(
        (each["InstanceType"], each.get("InitialInstanceCount", 1) if count is None else count)
        for each, count in zip(variants, counts, strict=True)
    )


def _remove_endpoint(clients: AccountClients, resource: Resource) -> None:
    clients["sagemaker"].delete_endpoint(EndpointName=resource.address)
    clients["sagemaker"].get_waiter("endpoint_deleted").wait(EndpointName=resource.address)


def _endpoint_configs(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "sagemaker", "list_endpoint_configs", "EndpointConfigs"):
        name = each["EndpointConfigName"]
        bundle = _tags(clients, each["EndpointConfigArn"])
        yield Resource(kind="endpoint-config", name=name, address=name, bundle=bundle)


def _remove_endpoint_config(clients: AccountClients, resource: Resource) -> None:
    clients["sagemaker"].delete_endpoint_config(EndpointConfigName=resource.address)


def _models(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "sagemaker", "list_models", "Models"):
        name = each["ModelName"]
        yield Resource(kind="model", name=name, address=name, bundle=_tags(clients, each["ModelArn"]))


def _remove_model(clients: AccountClients, resource: Resource) -> None:
    clients["sagemaker"].delete_model(ModelName=resource.address)


def list_notebooks(clients: AccountClients) -> Iterator[Resource]:
    """Yield all notebook instances of the account, running or not.

    Args:
        clients: clients of the account.
    """
    for each in pages(clients, "sagemaker", "list_notebook_instances", "NotebookInstances"):
        name, state = each["NotebookInstanceName"], each["NotebookInstanceStatus"]
        yield Resource(
            kind="notebook",
            name=name,
            address=name,
            bundle=_tags(clients, each["NotebookInstanceArn"]),
            state=state,
            machines=((each["InstanceType"], 1),) if state in _RUNNING_NOTEBOOK else (),
        )


def stop_notebook(clients: AccountClients, resource: Resource) -> None:
    """Stop a notebook instance, and wait until it has stopped.

    Args:
        clients: clients of the account.
        resource: the notebook instance.
    """
    waiters = ("notebook_instance_in_service",) if resource.state in ("Pending", "Updating") else ()
    for name in waiters:  # it cannot be stopped while it starts
        clients["sagemaker"].get_waiter(name).wait(NotebookInstanceName=resource.address)
    clients["sagemaker"].stop_notebook_instance(NotebookInstanceName=resource.address)
    clients["sagemaker"].get_waiter("notebook_instance_stopped").wait(NotebookInstanceName=resource.address)


def _remove_notebook(clients: AccountClients, resource: Resource) -> None:
    if resource.machines:
        stop_notebook(clients, resource)
    clients["sagemaker"].delete_notebook_instance(NotebookInstanceName=resource.address)
    clients["sagemaker"].get_waiter("notebook_instance_deleted").wait(NotebookInstanceName=resource.address)


ENDPOINT = Kind(name="endpoint", list=_endpoints, remove=_remove_endpoint, arn=r"sagemaker:endpoint/(.+)")
NOTEBOOK = Kind(name="notebook", list=list_notebooks, remove=_remove_notebook, arn=r"sagemaker:notebook-instance/(.+)")
SAGEMAKER_KINDS = (
    ENDPOINT,
    Kind(
        name="endpoint-config",
        list=_endpoint_configs,
        remove=_remove_endpoint_config,
        arn=r"sagemaker:endpoint-config/(.+)",
    ),
    Kind(name="model", list=_models, remove=_remove_model, arn=r"sagemaker:model/(.+)"),
    NOTEBOOK,
)
