"""All that is created for a bundle is removed again, as far as the emulator has it, and nothing else is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load as load_template
from examples.aws_environment import aws_environment
from moto import mock_aws

from discern.buckets.account_clients import AccountClients
from discern.bundle import load
from discern.flow.deployed import ship_down, ship_status
from discern.flow.ship import ship
from discern.shipping.aws.account_stack import deploy_stack, upload_package
from discern.shipping.aws.site_stack import upload_site
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.lambda_template import lambda_template
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.site.site_target import SiteOptions, SiteTarget
from tests.unit.bundle.factories import write_small

# Types that the emulator does not create in a stack; those that matter are created beside it.
NOT_EMULATED = ("AWS::Serverless::", "AWS::CloudFront::", "AWS::S3::BucketPolicy")
QUEUE = "arn:aws:sqs:us-east-1:123456789012:answers"
IMAGE = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})


@pytest.fixture
def account() -> Iterator[AccountClients]:
    with aws_environment(), mock_aws(config={"lambda": {"use_docker": False}}):  # type: ignore[arg-type]
        clients = AccountClients()
        clients["s3"].create_bucket(Bucket="pictures")
        clients["s3"].put_object(Bucket="pictures", Key="a.png", Body=b"picture")
        yield clients


def shipped(folder: Path, name: str) -> ShippedBundle:
    path = write_small(folder / f"{name}.discern", name=name)
    return ShippedBundle(path=path, model=load(path))


def emulated(template: str, folder: Path) -> str:
    (folder / "given.yaml").write_text(template)
    found = json.loads(json.dumps(load_template(str(folder / "given.yaml"))))
    kept = {name: each for name, each in found["Resources"].items() if not each["Type"].startswith(NOT_EMULATED)}
    return json.dumps({"Resources": kept})


def create_function(account: AccountClients, bundle: ShippedBundle, folder: Path) -> str:
    """Create what `ship lambda` does, and its log as Lambda does; return the function's ARN."""
    name, tags = bundle.resource_name, bundle.tags
    options = LambdaOptions(bucket="pictures", queue=QUEUE, speech="polly")
    package = folder / "function.zip"
    package.write_bytes(b"zip")
    upload_package(account, name, package, tags=tags)
    template = lambda_template(bundle, options, memory=512, needed_gb=0.16**8)
    deploy_stack(account, name, emulated(template, folder), tags=tags)
    resources = account["cloudformation"].describe_stack_resources(StackName=name)["StackResources"]
    [role] = [each["PhysicalResourceId"] for each in resources if each["LogicalResourceId"] == "FunctionRole"]
    role = account["iam"].get_role(RoleName=role)["Role"]["Arn"]
    created = account["lambda"].create_function(
        FunctionName=f"{name}-Function",
        Role=role,
        Handler="a.b",
        Runtime="python3.12",
        Code={"ZipFile": b"x"},
        Tags=tags,
    )
    account["apigatewayv2"].create_api(Name=name, ProtocolType="HTTP", Tags=tags)
    account["logs"].create_log_group(logGroupName=f"/aws/lambda/{name}-Function")
    return str(created["FunctionArn"])


def create_image(account: AccountClients, bundle: ShippedBundle) -> None:
    tags = [{"Key": key, "Value": value} for key, value in bundle.tags.items()]
    account["ecr"].create_repository(repositoryName=bundle.resource_name, tags=tags)
    account["ecr"].put_image(repositoryName=bundle.resource_name, imageManifest=IMAGE, imageTag="1")


def create_site(account: AccountClients, bundle: ShippedBundle, folder: Path) -> None:
    pages = {
        "index.html": b'<meta http-equiv="Content-Security-Policy" content="default-src \'self\'">',
        "page/main.js": b"1;",
    }
    SiteTarget().plan(bundle, folder, SiteOptions(files=pages))
    name = f"{bundle.resource_name}-site"
    deploy_stack(account, name, emulated((folder / "template.yaml").read_text(), folder), tags=bundle.tags)
    [bucket] = [each["Name"] for each in account["s3"].list_buckets()["Buckets"] if each["Name"].startswith(name)]
    upload_site(account, folder, bucket)
    create_distribution(account, bucket, bundle.tags)


def create_distribution(account: AccountClients, bucket: str, tags: dict[str, str]) -> None:
    origin = {
        "Id": "bucket",
        "DomainName": f"{bucket}.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    settings: Any = {
        "CallerReference": bucket,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "bucket", "ViewerProtocolPolicy": "redirect-to-https"},
        "Comment": "",
        "Enabled": True,
    }
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    account["cloudfront"].create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": settings, "Tags": {"Items": listed}}
    )


def create_all(account: AccountClients, bundle: ShippedBundle, folder: Path) -> None:
    folder.mkdir()
    function = create_function(account, bundle, folder)
    create_image(account, bundle)
    options: Any = {"function": function, "bucket": "pictures", "notify": True, "review_prefix": "review"}
    assert ship("workflow", bundle.path, yes=True, threshold=0.9, **options).created
    (folder / "site").mkdir()
    create_site(account, bundle, folder / "site")


def create_foreign(account: AccountClients) -> None:
    """Create what others have, with names like those of Discern but without its tag."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    account["iam"].create_role(RoleName="discern-theirs", AssumeRolePolicyDocument=trust)
    account["logs"].create_log_group(logGroupName="/aws/lambda/discern-theirs")
    account["sns"].create_topic(Name="discern-theirs")
    account["sqs"].create_queue(QueueName="answers")
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-their-stack"}}}}
    account["cloudformation"].create_stack(StackName="discern-theirs", TemplateBody=json.dumps(topic))
    role = "arn:aws:iam::123456789012:role/discern-theirs"
    account["sagemaker"].create_notebook_instance(
        NotebookInstanceName="theirs", InstanceType="ml.t3.medium", RoleArn=role
    )


def names_in(account: AccountClients) -> set[str]:
    """Names of what there is, tagged or not."""
    found = [each["StackName"] for each in account["cloudformation"].describe_stacks()["Stacks"]]
    found += [each["Name"] for each in account["s3"].list_buckets()["Buckets"]]
    found += [each["RoleName"] for each in account["iam"].list_roles()["Roles"]]
    found += [each["logGroupName"] for each in account["logs"].describe_log_groups()["logGroups"]]
    found += [each["TopicArn"].rpartition(":")[2] for each in account["sns"].list_topics()["Topics"]]
    found += [each["FunctionName"] for each in account["lambda"].list_functions()["Functions"]]
    found += [each["name"] for each in account["stepfunctions"].list_state_machines()["stateMachines"]]
    found += [each["repositoryName"] for each in account["ecr"].describe_repositories()["repositories"]]
    found += [each["Name"] for each in account["apigatewayv2"].get_apis()["Items"]]
    found += [each["Id"] for each in account["cloudfront"].list_distributions()["DistributionList"].get("Items", ())]
    return {*found, *account["sqs"].list_queues().get("QueueUrls", ())}


def test_all_is_removed_and_what_others_have_survives(account: AccountClients, tmp_path: Path) -> None:
    create_foreign(account)
    before = names_in(account)
    bundle, other = shipped(tmp_path, "B\u00e4ume & co"), shipped(tmp_path, "other")
    create_function(account, other, tmp_path)
    with_other = names_in(account)
    create_all(account, bundle, tmp_path / "plans")
    assert len(names_in(account)) >= len(with_other) + 12

    done = ship_down(bundle=str(bundle.path), yes=True)
    assert (done.failed, done.unchecked, done.resources) == ((), (), ())
    assert {each.split()[0] for each in done.done} >= {
        *("stack", "distribution", "bucket", "image-repository", "http-api", "state-machine", "function"),
        *("log-group", "role"),
    }
    assert names_in(account) == with_other
    listed = ship_status().to_json()["resources"]
    assert {each["bundle"] for each in listed} == {"other", None}
    [theirs] = [each for each in listed if each["bundle"] is None]
    assert (theirs["kind"], theirs["name"], theirs["per_hour"]) == ("notebook", "theirs", 0.05)

    assert ship_down(yes=True).passed
    assert names_in(account) == before
    assert account["s3"].get_object(Bucket="pictures", Key="a.png")["Body"].read() == b"picture"
