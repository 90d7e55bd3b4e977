"""Containers: the build context is complete and the same each time, and its server gives the same answers."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import discern
from discern.errors import UsageError
from discern.flow.ship import ship
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "src/discern/shipping/container/requirements.txt"


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def planned(trained: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ship") / "kubernetes"
    ship("kubernetes", trained.bundle, folder, memory=300, cpus=2, image_name="registry.example.org/team/colours:1")
    return folder


def test_a_plan_lists_its_files_and_what_it_would_create(trained: TrainResult, planned: Path) -> None:
    again = ship(
        "kubernetes", trained.bundle, planned, memory=300, cpus=2, image_name="registry.example.org/team/colours:1"
    )
    assert read(planned).keys() - {"ship.json"} == set(again.plan.files)
    kinds = {step["creates"] for step in again.to_json()["plan"]}
    assert kinds == {
        *("image", "Secret", "ServiceAccount", "Deployment", "Service"),
        *("HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"),
    }


def test_equal_plans_are_equal_bytes(trained: TrainResult, planned: Path, tmp_path: Path) -> None:
    ship(
        "kubernetes",
        trained.bundle,
        tmp_path / "b",
        memory=300,
        cpus=2,
        image_name="registry.example.org/team/colours:1",
    )
    assert read(tmp_path / "b") == read(planned)


def test_no_placeholder_and_no_secret_is_left(trained: TrainResult, planned: Path) -> None:
    written = {name: text.decode() for name, text in read(planned).items() if "/app/" not in name}
    assert [name for name, text in written.items() if re.search(r"@[A-Z_]+@", text)] == []
    assert [name for name, text in written.items() if re.search(r"discern_[A-Za-z0-9_-]{43}", text)] == []
    fingerprint = discern.load(trained.bundle).fingerprint[:12]
    tagged = {name for name, text in written.items() if fingerprint in text}
    assert {"deployment.yaml", "service.yaml", "image/Dockerfile", "image/compose.yaml"} <= tagged


def test_manifests_limit_what_a_server_may_do(planned: Path) -> None:
    text = (planned / "deployment.yaml").read_text()
    for line in (
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "automountServiceAccountToken: false",
        "enableServiceLinks: false",
        "allowPrivilegeEscalation: false",
        'drop: ["ALL"]',
        'image: "registry.example.org/team/colours:1"',
        "memory: 512Mi",
        "memory: 1280Mi",
        'cpu: "2"',
    ):
        assert line in text, line
    assert re.findall(r"(\w+)Probe:\s+httpGet:\s+path: (\S+)", text) == [
        ("startup", "/readyz"), ("readiness", "/readyz"), ("liveness", "/healthz")
    ]  # fmt: skip


def test_the_image_runs_without_rights_and_checks_its_health(planned: Path) -> None:
    text = (planned / "image/Dockerfile").read_text()
    assert "\nUSER 10001:10001\n" in text
    assert "--require-hashes --only-binary :all:" in text
    assert "HEALTHCHECK" in text
    ignored = (planned / "image/.dockerignore").read_text().split()
    assert "*" in ignored  # so that keys.txt is never sent to the builder


def test_the_server_s_packages_are_locked_as_all_others() -> None:
    def versions(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", path.read_text(), re.MULTILINE))

    own, all_versions = versions(LOCK), versions(ROOT / "requirements-dev.txt")
    assert {name: all_versions.get(name) for name in own} == own
    assert all(block.count("--hash=sha256:") for block in re.split(r"\n(?=\S)", LOCK.read_text()))
    assert not {"polars", "scikit-learn", "scipy", "typer", "onnx"} & own.keys()


def link_locked_packages(folder: Path) -> Path:
    """Link the installed packages that the server's lock names for this machine, and nothing else, in a folder."""
    folder.mkdir()
    for entry in LOCK.read_text().replace("\\\n", " ").splitlines():
        requirement = Requirement(entry.partition(" --hash=")[0])
        if requirement.marker is None or requirement.marker.evaluate():
            installed = distribution(requirement.name)
            assert requirement.specifier.contains(installed.version)
            for top in {Path(each).parts[0] for each in installed.files or ()} - {"..", "__pycache__"}:
                if not (folder / top).exists():
                    (folder / top).symlink_to(Path(str(installed.locate_file(top))))
    return folder


@contextlib.contextmanager
def serving(folder: Path, tmp_path: Path) -> Iterator[int]:
    """Serve the copied files alone, in a process that sees the locked packages but no other one."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(folder / "app"), str(link_locked_packages(tmp_path / "packages")))),
        "DISCERN_BUNDLE": str(folder / "app/model.discern"),
        "DISCERN_PORT": "0",
        "DISCERN_THREADS": "1",
    }
    command = [sys.executable, "-S", "-P", "-m", "discern.serving.web.container_entry"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=log)
    try:
        for _ in range(600):
            found = re.search(r"http://127\.0\.0\.1:(\d+)", (tmp_path / "log").read_text())
            if found or process.poll() is not None:
                break
            time.sleep(0.1)
        assert found, (tmp_path / "log").read_text()
        yield int(found[1])
    finally:
        process.terminate()
        assert process.wait(timeout=120) == 0


def ask(port: int, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST" if body else "GET", path, body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_the_files_alone_answer_as_in_python(
    trained: TrainResult, shared_workspace: Workspace, planned: Path, tmp_path: Path
) -> None:
    model = discern.load(trained.bundle)
    pictures = [shared_workspace.pictures(colour)[0] for colour in model.labels]
    with serving(planned / "image", tmp_path) as port:
        assert ask(port, "/readyz") == (200, {"status": "ready"})
        for picture in pictures:
            status, answer = ask(port, "/invocations", picture.read_bytes())
            expected = model(picture)
            assert status == 200
            assert (answer["label"], answer["decision"]) == (expected.label, expected.decision)
            assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("container", {"image_name": "Not An Image"}),
        ("container", {"image_name": 'a"\nUSER root'}),
        ("container", {"image_name": "a:b:c"}),
        ("container", {"cpus": 0}),
        ("container", {"memory": -1}),
        ("container", {"min_replicas": 1}),
        ("container", {"api": "https://api.example"}),
        ("kubernetes", {"min_replicas": 3, "max_replicas": 2}),
        ("kubernetes", {"max_replicas": 0}),
    ],
)
def test_wrong_options_are_refused(target: str, options: dict[str, Any], trained: TrainResult, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        ship(target, trained.bundle, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
