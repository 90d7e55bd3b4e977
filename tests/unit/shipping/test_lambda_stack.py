"""The template of the function, after the transform that AWS applies, has what is said and allows nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import loads
from samtranslator.translator.transform import transform

from discern.errors import UsageError
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.lambda_template import lambda_template
from discern.shipping.ship_target import ShippedBundle
from tests.cloud_services import cloud_services
from tests.unit.shipping.factories import shipped
from tests.unit.shipping.test_lambda_template import QUEUE

LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
READ = {"s3:GetObject", "s3:GetObjectVersion"}
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/discern-small:0"


class NoManagedPolicies:
    """Loader of the managed policies of an account, of which the template uses none."""

    def load(self) -> dict[str, str]:
        raise AssertionError


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBundle]:
    with cloud_services():  # the transform asks for the region
        yield shipped(tmp_path_factory.mktemp("bundle"))


def transformed(bundle: ShippedBundle, *, package: str = "s3://bucket/package.zip", **options: Any) -> dict[str, Any]:
    """Resources by their names, after the transform of SAM."""
    return dict(after_transform(bundle, package=package, **options)["Resources"])


def after_transform(bundle: ShippedBundle, *, package: str = "s3://bucket/package.zip", **options: Any) -> Any:
    text = lambda_template(bundle, LambdaOptions(**options), memory=1769, needed_gb=0.16)
    template = json.loads(json.dumps(loads(text)))
    function = template["Resources"]["Function"]["Properties"]
    if "CodeUri" in function:
        function["CodeUri"] = package
    else:
        template["Parameters"]["ImageUri"]["Default"] = IMAGE
    found = transform(template, {}, NoManagedPolicies())
    assert found.keys() <= {"AWSTemplateFormatVersion", "Description", "Parameters", "Resources", "Outputs"}
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each for name, each in resources.items() if each["Type"] == kind}


def properties(resources: dict[str, Any], kind: str) -> Any:
    [found] = of_type(resources, kind).values()
    return found["Properties"]


@pytest.mark.parametrize(
    ("options", "further"),
    [
        ({}, set()),
        ({"image": True, "arch": "arm64"}, set()),
        ({"speech": "polly"}, {"polly:SynthesizeSpeech"}),
        ({"bucket": "pictures"}, {*READ, "s3:PutObject"}),
        ({"bucket": "pictures", "queue": QUEUE}, {*READ, "sqs:SendMessage"}),
        ({"allow_urls": True, "threshold": 0.9, "cors": "https://a.example"}, set()),
    ],
)
def test_the_role_allows_what_the_options_need_alone(
    bundle: ShippedBundle, options: dict[str, Any], further: set[str]
) -> None:
    resources = transformed(bundle, **options)
    role = properties(resources, "AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert {action for each in statements for action in each["Action"]} == LOG | further
    for each in statements:
        assert each["Effect"] == "Allow"
        assert "*" not in "".join(each["Action"])
        assert (each["Resource"] == "*") is (each["Action"] == ["polly:SynthesizeSpeech"])
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_answers_are_written_beside_pictures_only(bundle: ShippedBundle) -> None:
    role = properties(transformed(bundle, bucket="pictures"), "AWS::IAM::Role")
    allowed = {tuple(each["Action"]): each["Resource"] for each in role["Policies"][0]["PolicyDocument"]["Statement"]}
    place = "arn:${AWS::Partition}:s3:::pictures/*"
    assert allowed["s3:GetObject", "s3:GetObjectVersion"] == {"Fn::Sub": place}
    assert allowed["s3:PutObject",] == {"Fn::Sub": f"{place}.discern.json"}


def test_the_api_invokes_the_published_version(bundle: ShippedBundle) -> None:
    resources = transformed(bundle, bucket="pictures")
    [version], [alias] = of_type(resources, "AWS::Lambda::Version"), of_type(resources, "AWS::Lambda::Alias")
    assert resources[alias]["Properties"]["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    body = properties(resources, "AWS::ApiGatewayV2::Api")["Body"]
    called = [each["x-amazon-apigateway-any-method"] for each in body["paths"].values()]
    assert len(called) == 2
    for each in called:
        integration = each["x-amazon-apigateway-integration"]
        assert alias in integration["uri"]["Fn::Sub"]
        assert integration["payloadFormatVersion"] == "2.0"
    assert {
        tuple(each["Ref"] for each in [found["Properties"]["FunctionName"]]) for found in permissions(resources)
    } == {(alias,)}
    [target] = properties(resources, "AWS::Events::Rule")["Targets"]
    assert target["Arn"] == {"Ref": alias}
    stage = properties(resources, "AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}


def test_workflows_are_told_the_published_version(bundle: ShippedBundle) -> None:
    found = after_transform(bundle)
    [alias] = of_type(found["Resources"], "AWS::Lambda::Alias")
    assert found["Outputs"]["FunctionArn"]["Value"] == {"Ref": alias}


def permissions(resources: dict[str, Any]) -> list[Any]:
    return list(of_type(resources, "AWS::Lambda::Permission").values())


def test_others_may_invoke_the_function_by_no_way(bundle: ShippedBundle) -> None:
    found = permissions(transformed(bundle, bucket="pictures"))
    assert {each["Properties"]["Principal"] for each in found} == {"apigateway.amazonaws.com", "events.amazonaws.com"}
    assert all("SourceArn" in each["Properties"] for each in found)


@pytest.mark.parametrize("change", [{"threshold": 0.9}, {"package": "s3://bucket/other.zip"}])
def test_each_change_is_published_and_its_predecessor_deleted(bundle: ShippedBundle, change: dict[str, Any]) -> None:
    found = [of_type(transformed(bundle, **options), "AWS::Lambda::Version") for options in ({}, change, change)]
    before, after, again = ({*each} for each in found)
    assert before != after == again
    assert {each["DeletionPolicy"] for versions in found for each in versions.values()} == {"Delete"}


@pytest.mark.parametrize("options", [{}, {"image": True}, {"bucket": "pictures"}])
def test_everything_that_can_have_tags_has_them(bundle: ShippedBundle, options: dict[str, Any]) -> None:
    resources = transformed(bundle, **options)
    for kind in ("AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"):
        names = [each["Key"] for each in properties(resources, kind)["Tags"]]
        assert {"discern:bundle", "discern:fingerprint"} <= {*names}
    api = {each["name"] for each in properties(resources, "AWS::ApiGatewayV2::Api")["Body"]["tags"]}
    assert {"discern:bundle", "discern:fingerprint"} <= api & properties(resources, "AWS::ApiGatewayV2::Stage")[
        "Tags"
    ].keys()


def test_a_snapshot_is_taken_only_if_it_is_wanted(bundle: ShippedBundle) -> None:
    assert "SnapStart" not in properties(transformed(bundle), "AWS::Lambda::Function")
    function = properties(transformed(bundle, snapstart=True), "AWS::Lambda::Function")
    assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}


def test_an_image_has_no_snapshot(bundle: ShippedBundle) -> None:
    with pytest.raises(UsageError, match="cannot start from a snapshot"):
        transformed(bundle, image=True, snapstart=True)
    function = properties(transformed(bundle, image=True), "AWS::Lambda::Function")
    assert "SnapStart" not in function
    assert (function["PackageType"], function["Code"]) == ("Image", {"ImageUri": IMAGE})
