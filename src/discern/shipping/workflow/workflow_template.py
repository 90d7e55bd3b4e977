"""CloudFormation template of a workflow, with its state machine, role, topic and permissions."""

import json
from collections.abc import Mapping
from textwrap import indent
from typing import Any

from discern.errors import UsageError
from discern.shipping.template_tags import tag_arguments, yaml_tags
from discern.shipping.workflow.task_states import FUNCTION, TOPIC
from discern.shipping.workflow.workflow_options import WorkflowOptions

_PLACEHOLDERS = {FUNCTION: "${FunctionArn}", TOPIC: "${Notices}"}
_MOST_INDENTED = 40_000  # bytes; a template of more than 51,200 has to be uploaded to a bucket
_MOST_BYTES = 1_000_000  # of CloudFormation

_HEAD = """\
# Workflow that classifies pictures in S3: the state machine, which is in state_machine.asl.json as well, its role and
# its permissions. `discern ship workflow ... --yes` creates it. By hand:
#   aws cloudformation deploy --stack-name {name} --template-file template.yaml --capabilities CAPABILITY_IAM \\
#     --tags {arguments} \\
#     --parameter-overrides FunctionArn=... FunctionRoleName=... BucketName=...
# Add --s3-bucket BUCKET if the file has more than 51,200 bytes.
AWSTemplateFormatVersion: "2010-09-09"
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
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: {name}
      StateMachineType: STANDARD
      RoleArn: !GetAtt WorkflowRole.Arn
      Tags:
{tag_list}
      DefinitionString: !Sub |
{definition}

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
  RoleArn:
    Value: !GetAtt WorkflowRole.Arn
"""

_TOPIC_OUTPUT = """\
  TopicArn:
    Value: !Ref Notices
"""


def build_template(machine: Mapping[str, Any], options: WorkflowOptions, *, name: str, tags: Mapping[str, str]) -> str:
    """Build the CloudFormation template of a workflow.

    Args:
        machine: state machine with its placeholders.
        options: options of the workflow.
        name: name of the stack and of the state machine, in lower-case letters, digits and hyphens.
        tags: tags of every resource.

    Raises:
        UsageError: it is too large for CloudFormation.
    """
    folder = options.review_folder
    publish = "              - {Effect: Allow, Action: sns:Publish, Resource: !Ref Notices}\n"
    put = "          - {{Effect: Allow, Action: s3:PutObject, Resource: !Sub {}}}\n"
    key = json.dumps(f"arn:${{AWS::Partition}}:s3:::${{BucketName}}/{folder or ''}*", ensure_ascii=False)
    filled = _RESOURCES.format(
        name=name,
        definition=indent(_definition(machine), " " * 8),
        tag_list=yaml_tags(tags, spaces=8),
        and_publish=" and publish its notices" if options.notify else "",
        publish=publish if options.notify else "",
        and_copies=f" and writes copies below {folder}" if folder else "",
        put=put.format(key) if folder else "",
    )
    head = _HEAD.format(name=name, arguments=tag_arguments(tags))
    topic = _TOPIC.format(tag_list=yaml_tags(tags, spaces=8)) if options.notify else ""
    outputs = _OUTPUTS + (_TOPIC_OUTPUT if options.notify else "")
    template = head + (_EMAIL if options.notify else "") + filled + topic + outputs
    if len(template.encode()) > _MOST_BYTES:
        raise UsageError(
            f"The template of the workflow is larger than {_MOST_BYTES:,} bytes.",
            hint="Use --route-by none, or fewer routes.",
        )
    return template


def _definition(machine: Mapping[str, Any]) -> str:
    """Return a state machine as the text of a substitution, in ASCII, which CloudFormation keeps as it is."""
    text = json.dumps(machine, indent=1)
    if len(text) > _MOST_INDENTED:
        text = json.dumps(machine, separators=(",", ":"))
    text = text.replace("${", "${!")
    for name, found in _PLACEHOLDERS.items():
        text = text.replace(name.replace("${", "${!"), found)
    return text
