"""All that `discern ship` writes passes the linters and schemas of the tools that read it, at their own strictness."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from statelint.linter import Linter

from tests.integration.deployments import FUNCTIONS, write_deployments
from tests.integration.known_secrets import found_below, known_environment

TOOLS = Path(sys.executable).parent
ODD_NAME = "Ripe: \"bananas\" & 'co' #1 @NAME@ ${x} \\ \u00fc"
ODD_LABELS = ("${x}: \"a\" 'b' #1 {{c}} \\", "\u81ea\u8ee2\u8eca")
OLDEST_CLUSTER, NEWEST_CLUSTER = "1.25", "1.37"
# There is no schema of the compose specification in a package; these are the keys that it defines.
SERVICE_KEYS = {
    *("build", "image", "ports", "environment", "secrets", "user", "read_only", "tmpfs", "cap_drop", "security_opt"),
    *("cpus", "mem_limit", "pids_limit", "restart", "stop_grace_period", "labels"),
}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with known_environment(tmp_path_factory.mktemp("secrets")) as found:
        yield found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, secrets: list[str]) -> Path:
    names = {label: {"route": f"bay {label}"} for label in ODD_LABELS}
    folder = tmp_path_factory.mktemp("deployments")
    secrets.append(str(folder))
    return write_deployments(folder, name=ODD_NAME, labels=ODD_LABELS, names=names)


def run(tool: str, *arguments: object) -> tuple[int, str]:
    command = [str(TOOLS / tool), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout + done.stderr


def machines(folder: Path) -> dict[str, Any]:
    found = sorted(folder.glob("workflow-*/state_machine.asl.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in found}


def with_machines(path: Path, found: dict[str, Any]) -> Path:
    """Write a template with state machines in it, whose structure cfn-lint checks."""
    role = "arn:aws:iam::123456789012:role/workflow"
    resources = {
        re.sub(r"\W", "", name): {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"RoleArn": role, "Definition": machine},
        }
        for name, machine in found.items()
    }
    path.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}))
    return path


def test_templates_and_state_machines_pass_cfn_lint(written: Path, tmp_path: Path) -> None:
    different = {path.read_text(): path for path in sorted(written.glob("*/template.yaml"))}
    templates = sorted(different.values())
    assert len(templates) >= len(FUNCTIONS) + 4 + 2  # those of workflows differ by review and notices at least
    inline = with_machines(tmp_path / "machines.json", machines(written))
    assert run("cfn-lint", *templates, inline) == (0, "")


def test_state_machines_pass_statelint(written: Path) -> None:
    found = machines(written)
    assert len(found) == 24
    assert {name: problems for name, machine in found.items() if (problems := Linter.validate(machine))} == {}
    for name, machine in found.items():
        used = set(re.findall(r"\$\{(\w+Arn)\}", json.dumps(machine)))
        assert used == {"FunctionArn"} | ({"TopicArn"} if "sns:publish" in json.dumps(machine) else set())
        template = (written / name / "template.yaml").read_text()
        assert all(re.search(rf"\b{each}\b", template) for each in used), name


def test_dockerfiles_pass_hadolint(written: Path) -> None:
    files = sorted(written.rglob("Dockerfile"))
    assert len(files) == 6
    assert run("hadolint", "--no-color", "--disable-ignore-pragma", "--failure-threshold", "style", *files) == (0, "")


@pytest.mark.parametrize("version", [OLDEST_CLUSTER, NEWEST_CLUSTER])
def test_manifests_pass_the_strict_schemas_of_kubernetes(written: Path, version: str) -> None:
    for folder in sorted(written.glob("kubernetes-*")):
        listed = yaml.safe_load((folder / "kustomization.yaml").read_text())
        assert set(listed) == {"apiVersion", "kind", "resources"}
        present = {path.name for path in folder.glob("*.yaml")}
        assert set(listed["resources"]) == present - {"kustomization.yaml"}
        for name in listed["resources"]:
            content = yaml.safe_load((folder / name).read_text())
            kubernetes_validate.validate(content, version, strict=True)
            assert all(isinstance(value, str) for value in content["metadata"]["labels"].values())


def test_compose_files_have_keys_of_the_compose_specification_only(written: Path) -> None:
    files = sorted(written.rglob("compose.yaml"))
    assert len(files) == 4
    for path in files:
        content = yaml.safe_load(path.read_text())
        assert set(content) == {"name", "services", "secrets"}
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", content["name"])
        [server] = content["services"].values()
        assert set(server) <= SERVICE_KEYS
        assert set(server["secrets"]) == content["secrets"].keys()
        assert (server["user"], server["read_only"], server["cap_drop"]) == ("10001:10001", True, ["ALL"])
        assert all(each.startswith("127.0.0.1:") for each in server["ports"])
        assert isinstance(server["cpus"], int)
        assert re.fullmatch(r"\d+m", server["mem_limit"])
        assert re.fullmatch(r"\d+s", server["stop_grace_period"])
        assert all(isinstance(each, str) for each in (*server["labels"].values(), *server["environment"].values()))


def test_no_file_has_a_secret(written: Path, secrets: list[str]) -> None:
    assert found_below(written, secrets) == []


def test_the_linters_find_what_is_wrong(written: Path, tmp_path: Path) -> None:
    template = (written / "lambda-0/template.yaml").read_text()
    (tmp_path / "template.yaml").write_text(template.replace("MemorySize:", "MemorySizes:"))
    machine = machines(written)["workflow-0"]
    machine["States"]["Serialize"]["Retries"] = []
    status, said = run("cfn-lint", tmp_path / "template.yaml", with_machines(tmp_path / "m.json", {"a": machine}))
    assert (status & 2, "MemorySizes" in said, "E3601" in said) == (2, True, True)
    machine["States"]["Serialize"]["Next"] = "Nowhere"
    assert any("Nowhere" in str(problem) for problem in Linter.validate(machine))
    (tmp_path / "Dockerfile").write_text("FROM python\nLABEL a:b=c\nRUN cd /tmp\n")
    status, said = run("hadolint", "--no-color", "--failure-threshold", "style", tmp_path / "Dockerfile")
    assert (status, re.findall("DL3006|DL3048|DL3003", said)) == (1, ["DL3006", "DL3048", "DL3003"])
    deployment = yaml.safe_load((written / "kubernetes-0/deployment.yaml").read_text())
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(deployment, NEWEST_CLUSTER, strict=True)
