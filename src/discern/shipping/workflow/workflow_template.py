"""Template of a workflow for AWS SAM, with its role, topic and permissions."""

import json
from collections.abc import Mapping
from typing import Any

from discern.shipping.workflow.workflow_options import WorkflowOptions

_HEAD = """\
# Workflow that classifies pictures in S3: the state machine in state_machine.asl.json, its role and its permissions.
#
# Deploy the Lambda function first (discern ship lambda), then:
#   sam deploy --template-file template.yaml --stack-name {name} --capabilities CAPABILITY_IAM --resolve-s3 \\
#     --parameter-overrides FunctionArn=... FunctionRoleName=... BucketName=...
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: Discern picture workflow

Parameters:
  FunctionArn:
    Type: String
    Description: ARN of the Lambda function that runs the tasks.
  FunctionRoleName:
    Type: String
    Description: Name of the role of that function, which is given access to the pictures.
  BucketName:
    Type: String
    Description: Bucket that holds the pictures.
"""

_EMAIL = """\
  NoticeEmail:
    Type: String
    Default: ""
    Description: Address that gets a message for each failure; empty for none.

Conditions:
  HasEmail: !Not [!Equals [!Ref NoticeEmail, ""]]
"""

_RESOURCES = """\

Resources:
  Workflow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: STANDARD
      DefinitionUri: state_machine.asl.json
      DefinitionSubstitutions:
        FunctionArn: !Ref FunctionArn
{topic_substitution}      Role: !GetAtt WorkflowRole.Arn
      Tags:
{tag_map}

  # The workflow may run this one function{and_publish}, and nothing else.
  WorkflowRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {{Service: states.amazonaws.com}}
            Action: sts:AssumeRole
            Condition:
              StringEquals: {{"aws:SourceAccount": !Ref AWS::AccountId}}
      Policies:
        - PolicyName: run-tasks
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {{Effect: Allow, Action: lambda:InvokeFunction, Resource: !Ref FunctionArn}}
{publish}      Tags:
{tag_list}

  # The function reads the pictures{and_copies}.
  PictureAccess:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: {name}-pictures
      Roles: [!Ref FunctionRoleName]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{Effect: Allow, Action: s3:GetObject, Resource: !Sub "arn:${{AWS::Partition}}:s3:::${{BucketName}}/*"}}
{put}"""

_TOPIC = """
  Notices:
    Type: AWS::SNS::Topic
    Properties:
      Tags:
{tag_list}

  NoticeSubscription:
    Type: AWS::SNS::Subscription
    Condition: HasEmail
    Properties:
      TopicArn: !Ref Notices
      Protocol: email
      Endpoint: !Ref NoticeEmail
"""

_OUTPUTS = """
Outputs:
  StateMachineArn:
    Value: !Ref Workflow
"""


def build_template(options: WorkflowOptions, *, name: str, tags: Mapping[str, str]) -> str:
    """Build the SAM template of a workflow.

    Args:
        options: options of the workflow.
        name: name for resources, in lower-case letters, digits and hyphens.
        tags: tags of every resource.
    """
    folder = options.review_folder
    publish = "              - {Effect: Allow, Action: sns:Publish, Resource: !Ref Notices}\n"
    put = "          - {{Effect: Allow, Action: s3:PutObject, Resource: !Sub {}}}\n"
    key = json.dumps(f"arn:${{AWS::Partition}}:s3:::${{BucketName}}/{folder or ''}*", ensure_ascii=False)
    filled = _RESOURCES.format(
        name=name,
        topic_substitution="        TopicArn: !Ref Notices\n" if options.notify else "",
        tag_map="\n".join(f"        {json.dumps(each)}: {_quote(value)}" for each, value in tags.items()),
        tag_list=_tag_list(tags),
        and_publish=" and publish its notices" if options.notify else "",
        publish=publish if options.notify else "",
        and_copies=f" and writes copies below {folder}" if folder else "",
        put=put.format(key) if folder else "",
    )
    topic = _TOPIC.format(tag_list=_tag_list(tags)) if options.notify else ""
    return _HEAD.format(name=name) + (_EMAIL if options.notify else "") + filled + topic + _OUTPUTS


def trust_policy(account: str) -> dict[str, Any]:
    """Return the policy that lets Step Functions in an account assume the workflow's role."""
    return _policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def task_policy(function: str, topic: str | None) -> dict[str, Any]:
    """Return the policy of the workflow's role: run one function and, with a topic, publish to it."""
    statements = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}]
    if topic is not None:
        statements.append({"Effect": "Allow", "Action": "sns:Publish", "Resource": topic})
    return _policy(*statements)


def picture_policy(bucket: str, folder: str | None) -> dict[str, Any]:
    """Return the policy of the function's role: read pictures and, with a folder, write copies below it."""
    place = f"arn:aws:s3:::{bucket}"
    statements = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{place}/*"}]
    if folder is not None:
        statements.append({"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{place}/{folder}*"})
    return _policy(*statements)


def _policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _tag_list(tags: Mapping[str, str]) -> str:
    return "\n".join(f"        - {{Key: {_quote(each)}, Value: {_quote(value)}}}" for each, value in tags.items())


def _quote(text: str) -> str:
    """Quote a text for YAML, of which JSON strings are a part."""
    return json.dumps(text, ensure_ascii=False)
