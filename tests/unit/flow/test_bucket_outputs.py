"""Runs and outputs in buckets: names are unique there, and runs of another machine are resumed."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from discern.errors import RunError
from discern.flow.bucket_outputs import writes_to_buckets
from discern.flow.run import Run
from tests.bucket_server import BUCKET, bucket_server, environment

RUNS = f"s3://{BUCKET}/runs"


@pytest.fixture(autouse=True)
def _server(tmp_path: Path) -> Iterator[None]:
    with bucket_server(), environment(XDG_CACHE_HOME=str(tmp_path / "cache")):
        yield


def create(name: str | None = None, *, resume: bool = False) -> Run:
    return Run.create("photos", name=name, runs=RUNS, resume=resume, config={"seed": 0})


def finish(run: Run) -> None:
    with run.locked():
        run.save(status="done")


def keys() -> set[str]:
    return {each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())}


def test_a_run_appears_when_it_is_done() -> None:
    run = create()
    with run.locked():
        run.save(status="done")
        assert keys() == set()
    assert keys() == {"runs/photos-1/run.json"}


def test_a_run_that_failed_is_not_copied() -> None:
    with pytest.raises(RunError), create("a").locked():
        raise RunError("failed")
    assert keys() == set()


def test_names_that_another_machine_took_are_taken(tmp_path: Path) -> None:
    finish(create())
    with environment(XDG_CACHE_HOME=str(tmp_path / "another machine")):
        assert create().folder.name == "photos-2"
        with pytest.raises(RunError, match=f"already a run at {RUNS}/photos-1"):
            create("photos-1")


def test_a_run_of_another_machine_is_resumed(tmp_path: Path) -> None:
    run = create("a")
    with run.locked():
        run.write_json("split.json", {})
        run.keep("split.json")
    with environment(XDG_CACHE_HOME=str(tmp_path / "another machine")):
        resumed = create("a", resume=True)
        assert not resumed.is_new
        assert resumed.has_kept("split.json")
        finish(resumed)
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key="runs/a/run.json")["Body"].read()
    assert json.loads(body)["status"] == "done"


@writes_to_buckets("out")
def write(text: str, *, out: str | Path) -> Path:
    path = Path(out)
    if path.exists():
        raise RunError("exists")
    path.write_text(text)
    return path


def test_an_output_is_copied_when_it_is_whole(tmp_path: Path) -> None:
    assert write("local", out=tmp_path / "a.txt") == tmp_path / "a.txt"
    address = f"s3://{BUCKET}/a.txt"
    write("remote", out=address)
    assert keys() == {"a.txt"}
    with pytest.raises(RunError, match=f"already something at {address}"):
        write("again", out=address)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="a.txt")
    write("again", out=address)
    assert boto3.client("s3").get_object(Bucket=BUCKET, Key="a.txt")["Body"].read() == b"again"
