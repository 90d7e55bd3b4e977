"""No secret of the environment, and no trace of the machine, is in what is shipped, planned, printed or logged."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.flow.ship import ship
from discern.flow.train import TrainResult
from tests.integration.deployments import API, QUEUE
from tests.integration.known_secrets import ROOT, SECRETS, found_below, found_in, known_environment
from tests.unit.bundle.factories import write_small
from tests.unit.shipping.factories import write_wheels


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[list[str]]:
    with known_environment(tmp_path) as found:
        yield found


def test_a_planted_secret_is_found(tmp_path: Path, secrets: list[str]) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", f"token = {secrets[2]}")
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
    assert found_below(tmp_path, secrets) == [("b.zip!/inner.zip!/a.txt", secrets[2])]


def test_no_plan_and_no_package_has_a_secret(tmp_path: Path, secrets: list[str]) -> None:
    bundle = write_small(tmp_path / "small.discern")
    wheels = write_wheels(tmp_path / "wheels")
    planned = {
        "lambda": {
            "wheels": wheels,
            "cache": tmp_path / "cache",
            "bucket": "my-pictures",
            "queue": QUEUE,
            "image": True,
        },
        "workflow": {"threshold": 0.9, "notify": True},
        "container": {"memory": 300},
        "kubernetes": {"memory": 300},
        "site": {"api": API, "place": "amplify"},
    }
    for target, options in planned.items():
        value = ship(target, bundle, tmp_path / "out" / target, dry_run=True, **options).to_json()
        assert found_in(target, json.dumps(value).encode(), secrets) == []
    assert found_below(tmp_path / "out", secrets) == []


def test_no_bundle_has_a_secret(trained: TrainResult, secrets: list[str]) -> None:
    data = trained.bundle.read_bytes()
    assert zipfile.is_zipfile(io.BytesIO(data))
    assert found_in("model.discern", data, [*secrets, str(trained.bundle.parent)]) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["ship", "workflow", "BUNDLE", "--threshold", ".9", "--function", QUEUE, "--bucket", "my-pictures", "--yes"],
        ["ship", "status"],
        ["captured", "s3://my-pictures/capture"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_no_message_and_no_traceback_has_a_secret(arguments: list[str], tmp_path: Path, secrets: list[str]) -> None:
    write_small(tmp_path / "BUNDLE")
    environment = os.environ | {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "discern", "--debug", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode, done.stdout
    assert b"Traceback" in done.stderr
    assert b"http://127.0.0.1:9/" in done.stderr
    assert [name for name in SECRETS.values() if name.encode() in done.stdout + done.stderr] == []
