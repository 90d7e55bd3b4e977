"""Kinds of resources that store or pass on data: buckets, image repositories, topics, queues and logs."""

from collections.abc import Iterator

from discern.buckets.account_clients import AccountClients, error_code
from discern.errors import UsageError
from discern.shipping.aws.resource_kind import BUNDLE_TAG, Kind, Resource, bundle_of, pages

_MOST_IMAGES = 100  # of a call
_UNREADABLE = (
    *("NoSuchTagSet", "NoSuchBucket", "AccessDenied"),
    *("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),  # of other regions
)


def _buckets(clients: AccountClients) -> Iterator[Resource]:
    for each in clients["s3"].list_buckets()["Buckets"]:
        name = each["Name"]
        try:
            tags = clients["s3"].get_bucket_tagging(Bucket=name)["TagSet"]
        except clients["s3"].exceptions.ClientError as error:
            if error_code(error) not in _UNREADABLE:
                raise
            tags = []  # without tags, or not permitted: the inventory asks the tagging service too
        bundle = bundle_of(tags, region=clients.region)
        if bundle is None or _is_here(clients, name):
            yield Resource(kind="bucket", name=name, address=name, bundle=bundle)


def _is_here(clients: AccountClients, bucket: str) -> bool:
    """Test whether a bucket belongs to the region of the clients: those of all regions are listed."""
    place = clients["s3"].get_bucket_location(Bucket=bucket)["LocationConstraint"]
    return clients.region == str({None: "us-east-1", "EU": "eu-west-1"}.get(place, place))


def empty_bucket(clients: AccountClients, name: str) -> None:
    """Remove all versions of all objects in a bucket, and all uploads that were not completed.

    Args:
        clients: clients of the account.
        name: name of the bucket.

    Raises:
        UsageError: an object cannot be removed.
    """
    client = clients["s3"]
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        versions = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
        if not objects:
            continue
        done = client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
        for each in done.get("Errors", ()):
            hint = "Check the permissions, and whether the object is locked."
            raise UsageError(f"s3://{name}/{each['Key']} cannot be removed: {each.get('Message')}.", hint=hint)
    for each in list(pages(clients, "s3", "list_multipart_uploads", "Uploads", Bucket=name)):
        client.abort_multipart_upload(Bucket=name, Key=each["Key"], UploadId=each["UploadId"])


def _remove_bucket(clients: AccountClients, resource: Resource) -> None:
    empty_bucket(clients, resource.address)
    clients["s3"].delete_bucket(Bucket=resource.address)


def _repositories(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "ecr", "describe_repositories", "repositories"):
        tags = clients["ecr"].list_tags_for_resource(resourceArn=each["repositoryArn"])["tags"]
        name = each["repositoryName"]
        yield Resource(kind="image-repository", name=name, address=name, bundle=bundle_of(tags))


def empty_repository(clients: AccountClients, name: str) -> None:
    """Remove all images in a repository.

    Args:
        clients: clients of the account.
        name: name of the repository.
    """
    images = list(pages(clients, "ecr", "list_images", "imageIds", repositoryName=name))
    for start in range(0, len(images), _MOST_IMAGES):
        clients["ecr"].batch_delete_image(repositoryName=name, imageIds=images[start : start + _MOST_IMAGES])


def _remove_repository(clients: AccountClients, resource: Resource) -> None:
    clients["ecr"].delete_repository(repositoryName=resource.address, force=True)


def _topics(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "sns", "list_topics", "Topics"):
        arn = each["TopicArn"]
        bundle = bundle_of(clients["sns"].list_tags_for_resource(ResourceArn=arn)["Tags"])
        yield Resource(kind="topic", name=arn.rpartition(":")[2], address=arn, bundle=bundle)


def _remove_topic(clients: AccountClients, resource: Resource) -> None:
    for each in list(pages(clients, "sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=resource.address)):
        if each["SubscriptionArn"].startswith("arn:"):  # not one that waits for its confirmation
            clients["sns"].unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    clients["sns"].delete_topic(TopicArn=resource.address)


def _queues(clients: AccountClients) -> Iterator[Resource]:
    for url in pages(clients, "sqs", "list_queues", "QueueUrls"):
        bundle = bundle_of(clients["sqs"].list_queue_tags(QueueUrl=url).get("Tags"))
        yield Resource(kind="queue", name=url.rpartition("/")[2], address=url, bundle=bundle)


def _remove_queue(clients: AccountClients, resource: Resource) -> None:
    clients["sqs"].delete_queue(QueueUrl=resource.address)


def _log_groups(clients: AccountClients) -> Iterator[Resource]:
    for each in pages(clients, "logs", "describe_log_groups", "logGroups"):
        name = each["logGroupName"]
        tags = clients["logs"].list_tags_for_resource(resourceArn=each["arn"].removesuffix(":*"))["tags"]
        yield Resource(kind="log-group", name=name, address=name, bundle=tags.get(BUNDLE_TAG))


def _remove_log_group(clients: AccountClients, resource: Resource) -> None:
    clients["logs"].delete_log_group(logGroupName=resource.address)


BUCKET = Kind(name="bucket", list=_buckets, remove=_remove_bucket, arn=r"s3:([^/]+)")
REPOSITORY = Kind(name="image-repository", list=_repositories, remove=_remove_repository, arn=r"ecr:repository/(.+)")
MESSAGE_KINDS = (
    Kind(name="topic", list=_topics, remove=_remove_topic, arn=r"sns:([^:]+)"),
    Kind(name="queue", list=_queues, remove=_remove_queue, arn=r"sqs:([^:]+)"),
)
LOG_GROUP = Kind(name="log-group", list=_log_groups, remove=_remove_log_group, arn=r"logs:log-group:([^:]+)(?::\*)?")
