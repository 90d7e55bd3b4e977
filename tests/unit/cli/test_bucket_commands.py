"""`discern push` and `discern pull`, and the other commands on what they have copied."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bucket_server import BUCKET, bucket_server
from tests.e2e.drawn import write_shapes
from tests.e2e.server_process import call_here

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("buckets")
    write_shapes(folder / "shapes")
    with bucket_server():
        yield folder


def call(folder: Path, *words: str) -> Any:
    done = call_here(folder, [*words, "--json"])
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_training_from_a_bucket_equals_training_from_the_folder(folder: Path) -> None:
    address = f"s3://{BUCKET}/shapes"
    pushed = call(folder, "push", "shapes", address)
    assert {"files", "bytes", "seconds", "resumed"} <= pushed.keys()
    call(folder, "push", "shapes", f"{address}-packed", "--pack")
    bundles = []
    for runs, source in (("a", "shapes"), ("b", address), ("c", f"{address}-packed")):
        result = call(folder, "train", source, "--runs", runs, "--name", "same", "--cache", "cache")
        bundles.append(Path(result["bundle"]).read_bytes())
        facts = json.loads((folder / runs / "same/run.json").read_text())
        assert facts["source"] == facts["config"]["source"] == (source if runs > "a" else str(folder / "shapes"))
    assert bundles[0] == bundles[1] == bundles[2]
    call(folder, "push", "a/same", f"s3://{BUCKET}/runs/same")
    model = f"s3://{BUCKET}/runs/same/model.discern"
    assert call(folder, "show", model)["fingerprint"] == call(folder, "show", "a/same/model.discern")["fingerprint"]
    picture = next((folder / "shapes").rglob("*.png")).relative_to(folder / "shapes").as_posix()
    answer = call(folder, "predict", model, f"{address}/{picture}")
    assert answer["path"] == f"{address}/{picture}"
    call(folder, "predict", "a/same/model.discern", f"{address}-packed", "--out", "answers.jsonl")
    paths = [json.loads(line)["path"] for line in (folder / "answers.jsonl").read_text().splitlines()]
    assert f"{address}-packed/{picture}" in paths
    assert call(folder, "evaluate", model, address, "--runs", "runs")["pictures"] == len(paths)
    pulled = call(folder, "pull", f"{address}-packed", "back")
    assert pulled["files"] == pushed["files"]


def test_what_is_wrong_is_said(folder: Path) -> None:
    for words, message in (
        (("train", f"s3://{BUCKET}/none"), "nothing at"),
        (("predict", f"s3://{BUCKET}/none.discern", "shapes"), "nothing at"),
        (("train", "s3://no-such-bucket/x"), "There is no bucket"),
        (("train", "s3://"), "is not an address"),
        (("train", "shapes", "--runs", f"s3://{BUCKET}/runs"), "discern push"),
        (("split", f"s3://{BUCKET}/shapes", "--out", "parts", "--link"), "cannot be linked"),
    ):
        done = call_here(folder, words)
        assert done.code == 2, done
        assert message in done.err
