"""Kinds of resources that grant access: roles and their policies."""

from collections.abc import Iterator

from discern.buckets.account_clients import AccountClients
from discern.shipping.aws.resource_kind import Kind, Resource, bundle_of, pages


def _roles(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "iam", "list_roles", "Roles"):
        if each["Path"].startswith("/aws-service-role/"):
            continue
        name = each["RoleName"]
        bundle = bundle_of(clients["iam"].list_role_tags(RoleName=name)["Tags"], region=clients.region)
        yield Resource(kind="role", name=name, address=name, bundle=bundle)


def _remove_role(clients: AccountClients, resource: Resource) -> None:
    client, name = clients["iam"], resource.address
    for each in list(pages(clients, "iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)):
        client.detach_role_policy(RoleName=name, PolicyArn=each["PolicyArn"])
    for policy in list(pages(clients, "iam", "list_role_policies", "PolicyNames", RoleName=name)):
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    client.delete_role(RoleName=name)


def _policies(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "iam", "list_policies", "Policies", Scope="Local"):
        bundle = bundle_of(clients["iam"].list_policy_tags(PolicyArn=each["Arn"])["Tags"], region=clients.region)
        yield Resource(kind="policy", name=each["PolicyName"], address=each["Arn"], bundle=bundle)


def _remove_policy(clients: AccountClients, resource: Resource) -> None:
    client, arn = clients["iam"], resource.address
    for each in list(pages(clients, "iam", "list_entities_for_policy", "PolicyRoles", PolicyArn=arn)):
        client.detach_role_policy(RoleName=each["RoleName"], PolicyArn=arn)
    for each in list(pages(clients, "iam", "list_policy_versions", "Versions", PolicyArn=arn)):
        if not each["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=arn, VersionId=each["VersionId"])
    client.delete_policy(PolicyArn=arn)


ACCESS_KINDS = (
    Kind(name="role", list=_roles, remove=_remove_role, arn=r"iam:role/(?:.*/)?([^/]+)"),
    Kind(name="policy", list=_policies, remove=_remove_policy, arn=r"iam:policy/(?:.*/)?([^/]+)"),
)
