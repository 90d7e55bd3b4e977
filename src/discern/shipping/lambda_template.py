"""SAM template of a function on AWS Lambda, with its API, its role and its log."""

from collections.abc import Iterator, Mapping
from textwrap import indent

from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.template_tags import quote_yaml, tag_arguments, yaml_tags
from discern.shipping.wheel_download import PYTHON

HANDLER = "discern.shipping.lambda_function.handler.handler"
TIMEOUT_SECONDS = 29
"""Seconds that a request may take: the HTTP API waits no longer than 30."""

_LOG_DAYS = 30
_SUFFIX = ".discern.json"

_HEAD = """\
# Function that classifies pictures with the model {name}.
# Deploy it with `discern ship lambda ... --yes`, or in this folder with
#   sam deploy --guided --tags {arguments}
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: {description}

Resources:
"""

_FUNCTION = """\
Function:
  Type: AWS::Serverless::Function
  Properties:
{package}
    Architectures: [{architecture}]
    # {needed}With 1,769 MB the function has one whole core.
    MemorySize: {memory}
    Timeout: {timeout}
    Role: !GetAtt FunctionRole.Arn
    LoggingConfig:
      LogGroup: !Ref FunctionLog
    # Each change is published, and former versions, whose snapshots would cost money, are deleted.
    AutoPublishAlias: live
    AutoPublishAliasAllProperties: true
    VersionDeletionPolicy: Delete
{snapshot}    Environment:
      Variables:
{variables}
    Tags:
{tags}
    Events:
      Root:
        Type: HttpApi
        Properties:
          ApiId: !Ref Api
          Method: ANY
          Path: /
      Others:
        Type: HttpApi
        Properties:
          ApiId: !Ref Api
          Method: ANY
          Path: /{{proxy+}}
{events}"""

_ZIP_PACKAGE = f"""\
Runtime: python{PYTHON}
Handler: {HANDLER}
CodeUri: function.zip"""

_IMAGE_PACKAGE = """\
PackageType: Image
ImageUri: !Ref ImageUri"""

_IMAGE_PARAMETER = """\
Parameters:
  ImageUri:
    Type: String
    Description: Address of the image in ECR, with its tag.

"""

_SNAPSHOT = """\
# The function starts from a snapshot in which the model is loaded and verified.
SnapStart:
  ApplyOn: PublishedVersions
"""

_BUCKET_EVENT = """\
# The bucket must send its events to EventBridge (a switch in its properties).
Arrival:
  Type: EventBridgeRule
  Properties:
    Pattern:
      source: [aws.s3]
      detail-type: [Object Created]
      detail:
        bucket:
          name: [{bucket}]
        object:
          key:
            - anything-but:
                suffix: {suffix}
    RetryPolicy:
      MaximumRetryAttempts: 4
"""

_API = """
Api:
  Type: AWS::Serverless::HttpApi
  Properties:
    CorsConfiguration:
      AllowOrigins: ["{origin}"]
      AllowMethods: [GET, POST, OPTIONS]
      AllowHeaders: ["*"]
    # Requests beyond this are rejected with 429: it bounds the bill.
    DefaultRouteSettings:
      ThrottlingBurstLimit: 100
      ThrottlingRateLimit: 50
    Tags:
{tags}

FunctionLog:
  Type: AWS::Logs::LogGroup
  DeletionPolicy: Delete
  UpdateReplacePolicy: Delete
  Properties:
    RetentionInDays: {days}
    Tags:
{tag_list}

# What the function may do, and nothing else.
FunctionRole:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal:
            Service: lambda.amazonaws.com
          Action: sts:AssumeRole
    Policies:
      - PolicyName: function
        PolicyDocument:
          Version: "2012-10-17"
          Statement:
{statements}
    Tags:
{tag_list}
"""

_OUTPUTS = """
Outputs:
  Url:
    Description: Address of the function; send pictures to /predict.
    Value: !Sub https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}
  FunctionName:
    Description: Name of the function, for direct invocations.
    Value: !Ref Function
  FunctionArn:
    Description: ARN of its published version, for workflows.
    Value: !Ref Function.Alias
"""


def lambda_template(bundle: ShippedBundle, options: LambdaOptions, *, memory: int, needed_gb: float | None) -> str:
    """Build the SAM template of a function.

    Args:
        bundle: bundle to deploy.
        options: options of the function.
        memory: memory of the function in MB.
        needed_gb: memory in GB that the model was measured to need; None if it was not measured.
    """
    tags = {name: quote_yaml(value) for name, value in bundle.tags.items()}
    function = _FUNCTION.format(
        package=indent(_IMAGE_PACKAGE if options.image else _ZIP_PACKAGE, " " * 4),
        architecture=options.arch,
        needed="" if needed_gb is None else f"Measured: the model needs {needed_gb * 1000:,.0f} MB. ",
        memory=memory,
        timeout=TIMEOUT_SECONDS,
        snapshot=indent(_SNAPSHOT, " " * 4) if options.snapstart else "",
        variables=_mapping(_variables(bundle, options), 8),
        tags=_mapping(tags, 6),
        events=indent(_BUCKET_EVENT.format(bucket=options.bucket, suffix=_SUFFIX), " " * 6) if options.bucket else "",
    )
    others = _API.format(
        origin=options.cors,
        tags=_mapping(tags, 6),
        days=_LOG_DAYS,
        tag_list=yaml_tags(bundle.tags, spaces=6),
        statements=indent("\n".join(_statements(options)), " " * 12),
    )
    name = bundle.tags["discern:bundle"]
    head = _HEAD.format(
        name=name,
        arguments=tag_arguments(bundle.tags),
        description=quote_yaml(f"Picture classifier {name}, made with Discern."),
    )
    if options.image:
        head = head.replace("Resources:\n", f"{_IMAGE_PARAMETER}Resources:\n")
    return head + indent(function + others, "  ") + _OUTPUTS


def _variables(bundle: ShippedBundle, options: LambdaOptions) -> Mapping[str, str]:
    found = {
        "DISCERN_BUCKETS": options.bucket or "",
        "DISCERN_ANSWERS": options.queue_url or "",
        "DISCERN_ALLOW_URLS": "1" if options.allow_urls else "",
        "DISCERN_CAPTURE": options.capture or "",
        "DISCERN_SPEECH": options.speech or "",
        "THRESHOLD": "" if options.threshold is None else str(options.threshold),
    }
    given = {name: quote_yaml(value) for name, value in found.items() if value}
    return {"DISCERN_FINGERPRINT": quote_yaml(bundle.model.fingerprint), "ORT_DISABLE_TELEMETRY": '"1"', **given}


def _statements(options: LambdaOptions) -> Iterator[str]:
    """Yield the statements of the function's policy."""
    yield _statement(["logs:CreateLogStream", "logs:PutLogEvents"], "!GetAtt FunctionLog.Arn")
    if options.bucket:
        objects = f"!Sub arn:${{AWS::Partition}}:s3:::{options.bucket}/*"
        yield _statement(["s3:GetObject", "s3:GetObjectVersion"], objects)
        if not options.queue:
            yield _statement(["s3:PutObject"], f"{objects}{_SUFFIX}")
    if options.capture:
        place = options.capture.removeprefix("s3://").rstrip("/")
        yield _statement(["s3:PutObject"], f"!Sub arn:${{AWS::Partition}}:s3:::{place}/*")
    if options.queue:
        yield _statement(["sqs:SendMessage"], options.queue)
    if options.speech == "polly":
        # Polly has no resources to restrict this to.
        yield _statement(["polly:SynthesizeSpeech"], '"*"')


def _statement(actions: list[str], resource: str) -> str:
    return f"- Effect: Allow\n  Action: [{', '.join(actions)}]\n  Resource: {resource}"


def _mapping(values: Mapping[str, str], spaces: int) -> str:
    return indent("\n".join(f"{name}: {value}" for name, value in values.items()), " " * spaces)
