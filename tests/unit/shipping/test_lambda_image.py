"""The image of the function is built and pushed by the program that is installed, or nothing is created."""

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from discern.errors import UsageError
from discern.shipping.image_builder import ImageBuilder, require_builder
from discern.shipping.lambda_image import dockerfile
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.lambda_target import LambdaTarget
from discern.shipping.plan import Plan
from discern.shipping.ship_target import ShippedBundle
from tests.cloud_services import cloud_services
from tests.unit.shipping.factories import shipped, write_wheels

# Notes its arguments and its input; fails at the command in FAIL.
STAND_IN = """#!{python}
import json, os, sys
text = sys.stdin.read()
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], text]) + chr(10))
if os.environ.get("FAIL") == sys.argv[1]:
    sys.exit("Cannot connect. Is the daemon running?")
"""


class Programs:
    """Folder that is the only one on the path, with the programs that are put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._log = folder, folder / "log.jsonl"

    def add(self, name: str) -> None:
        path = self.folder / name
        path.write_text(STAND_IN.format(python=sys.executable, log=str(self._log)))
        path.chmod(0o755)

    def calls(self) -> list[Any]:
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    folder, former = tmp_path / "programs", os.environ["PATH"]
    folder.mkdir()
    os.environ["PATH"] = str(folder)
    found = Programs(folder)
    found.add("docker")
    yield found
    os.environ["PATH"] = former
    os.environ.pop("FAIL", None)


@pytest.fixture
def cloud() -> Iterator[None]:
    with cloud_services():
        yield


Planned = tuple[Path, LambdaOptions, Plan]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ShippedBundle:
    return shipped(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def planned(bundle: ShippedBundle, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """Plan in whose template a log group stands for the function: AWS itself transforms the resources of SAM."""
    folder = tmp_path_factory.mktemp("plan")
    out = folder / "out"
    out.mkdir()
    wheels = write_wheels(folder / "wheels", "aarch64")
    options = LambdaOptions(image=True, arch="arm64", wheels=wheels, cache=folder / "cache")
    plan = LambdaTarget().plan(bundle, out, options)
    head = (out / "template.yaml").read_text().partition("Resources:")[0]
    head = head.replace("Transform: AWS::Serverless-2016-10-31\n", "")
    (out / "template.yaml").write_text(f"{head}Resources:\n  Log:\n    Type: AWS::Logs::LogGroup\n")
    return out, options, plan


def test_the_image_runs_the_package(bundle: ShippedBundle) -> None:
    text = dockerfile(bundle, "arm64")
    bases = re.findall("^FROM (.*)$", text, re.MULTILINE)
    assert bases[-1] == "public.ecr.aws/lambda/python:3.12-arm64"
    assert "$BUILDPLATFORM" in bases[0]
    assert json.loads(text.rpartition("CMD ")[2]) == ["discern.shipping.lambda_function.handler.handler"]


def test_the_plan_has_the_commands(planned: Planned) -> None:
    steps = planned[2].steps
    create, login, build, push = (step.text for step in steps[1:5])
    assert steps[1].creates == "AWS::ECR::Repository"
    assert "aws ecr create-repository" in create
    assert "docker login --username AWS --password-stdin" in login
    assert "docker build --provenance=false --platform linux/arm64" in build
    assert "docker push" in push
    assert shlex.split(build)[-2] == shlex.split(push)[-1]


def test_the_image_is_pushed_to_a_repository_of_the_bundle(
    planned: Planned, bundle: ShippedBundle, programs: Programs, cloud: None
) -> None:
    out, options, plan = planned
    created = LambdaTarget().create(bundle, out, options)
    ecr = boto3.client("ecr")
    [found] = ecr.describe_repositories()["repositories"]
    tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    assert {each["Key"]: each["Value"] for each in tags} == bundle.tags
    assert found["imageTagMutability"] == "IMMUTABLE"
    image, tag = created["image"], plan.steps[3].text.split()[-2].rpartition(":")[2]
    assert image == f"{found['repositoryUri']}:{tag}"
    registry = image.partition("/")[0]
    password = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    info, login, build, push, logout = programs.calls()
    assert info[0] == ["info"]
    assert login[0] == ["login", "--username", "AWS", "--password-stdin", registry]
    assert login[1]
    assert build[0][-2:] == [image, str(out)]
    assert (push[0], logout[0]) == (["push", image], ["logout", registry])
    assert not [call for call in programs.calls() if login[1] in " ".join(call[0])]
    assert password not in json.dumps(created)
    [stack] = boto3.client("cloudformation").describe_stacks(StackName=created["stack"])["Stacks"]
    assert {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]} == {"ImageUri": image}


def test_an_image_that_is_there_is_not_pushed_again(
    planned: Planned, bundle: ShippedBundle, programs: Programs, cloud: None
) -> None:
    out, options, _ = planned
    image = LambdaTarget().create(bundle, out, options)["image"]
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:a"}, "layers": []})
    name, tag = image.partition("/")[2].split(":")
    boto3.client("ecr").put_image(repositoryName=name, imageTag=tag, imageManifest=manifest)
    template = out / "template.yaml"
    template.write_text(template.read_text() + "  Other:\n    Type: AWS::Logs::LogGroup\n")
    assert LambdaTarget().create(bundle, out, options)["image"] == image
    assert [call[0][0] for call in programs.calls()].count("push") == 1


def test_nothing_is_created_where_no_image_can_be_built(
    planned: Planned, bundle: ShippedBundle, programs: Programs, cloud: None
) -> None:
    out, options, _ = planned
    os.environ["FAIL"] = "info"
    with pytest.raises(UsageError, match=r"`docker info` fails: Cannot connect. Is the daemon running\.") as raised:
        LambdaTarget().create(bundle, out, options)
    assert "without --image" in raised.value.hint
    (programs.folder / "docker").unlink()
    with pytest.raises(UsageError, match="Docker, Podman or Buildah"):
        LambdaTarget().create(bundle, out, options)
    assert boto3.client("ecr").describe_repositories()["repositories"] == []
    assert boto3.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_it_logs_out_after_a_failed_build(
    planned: Planned, bundle: ShippedBundle, programs: Programs, cloud: None
) -> None:
    os.environ["FAIL"] = "build"
    with pytest.raises(UsageError, match="`docker build` fails"):
        LambdaTarget().create(bundle, *planned[:2])
    assert [call[0][0] for call in programs.calls()] == ["info", "login", "build", "logout"]
    assert boto3.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_a_repository_of_others_is_left_alone(
    planned: Planned, bundle: ShippedBundle, programs: Programs, cloud: None
) -> None:
    boto3.client("ecr").create_repository(repositoryName=bundle.resource_name)
    with pytest.raises(UsageError, match="not of this bundle"):
        LambdaTarget().create(bundle, *planned[:2])
    assert [call[0][0] for call in programs.calls()] == ["info"]


def test_another_program_takes_the_place_of_one_that_does_not_work(programs: Programs) -> None:
    for name in ("podman", "buildah"):
        programs.add(name)
    (programs.folder / "docker").unlink()
    assert require_builder() == ImageBuilder("podman")
    (programs.folder / "podman").write_text("no program")
    assert require_builder() == ImageBuilder("buildah")
    assert "--format=docker" in ImageBuilder("buildah").build_command("a:b", "x86_64", ".")
