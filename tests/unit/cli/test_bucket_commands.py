"""`discern push` and `discern pull`, and the other commands on what they have copied."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bucket_server import BUCKET, bucket_server
from tests.e2e.server_process import Workspace

pytestmark = pytest.mark.slow
PHOTOS = f"s3://{BUCKET}/photos"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = Workspace.at(tmp_path_factory.mktemp("buckets"))
    with bucket_server():
        pushed = workspace.json("push", "photos", PHOTOS)
        assert {"files", "bytes", "seconds", "resumed"} <= pushed.keys()
        workspace.json("push", "photos", f"{PHOTOS}-packed", "--pack")
        yield workspace


def test_training_from_a_bucket_equals_training_from_the_folder(workspace: Workspace) -> None:
    bundles = []
    for runs, source in (("a", "photos"), ("b", PHOTOS), ("c", f"{PHOTOS}-packed")):
        result = workspace.work("train", source, "--runs", runs, "--name", "same")
        bundles.append(Path(result["bundle"]).read_bytes())
        facts = json.loads((workspace.folder / runs / "same/run.json").read_text())
        expected = str(workspace.photos) if runs == "a" else source
        assert facts["source"] == facts["config"]["source"] == expected
    assert bundles[0] == bundles[1] == bundles[2]


def test_bundles_and_pictures_are_read_from_buckets(workspace: Workspace) -> None:
    model = f"s3://{BUCKET}/runs/m/model.discern"
    local = workspace.work("train", "photos", "--name", "m")["bundle"]
    workspace.json("push", Path(local).parent, f"s3://{BUCKET}/runs/m")
    assert workspace.json("show", model)["fingerprint"] == workspace.json("show", local)["fingerprint"]
    assert workspace.json("verify", model)["passed"]
    picture = next(workspace.photos.rglob("*.png")).relative_to(workspace.photos).as_posix()
    assert workspace.json("predict", model, f"{PHOTOS}/{picture}")["path"] == f"{PHOTOS}/{picture}"
    workspace.json("predict", model, f"{PHOTOS}-packed", "--out", "answers.jsonl")
    paths = {json.loads(line)["path"] for line in (workspace.folder / "answers.jsonl").read_text().splitlines()}
    assert f"{PHOTOS}-packed/{picture}" in paths
    assert "trained on all of these" in workspace.refused("evaluate", model, PHOTOS)
    assert workspace.work("check", f"{PHOTOS}-packed", "--name", "checked")["found"] == len(paths)
    parts = workspace.work("split", PHOTOS, "--name", "parts", "--out", "parts")
    assert sum(parts["pictures"].values()) == len(list((workspace.folder / "parts").glob("*/*/*.png")))
    assert workspace.json("pull", f"{PHOTOS}-packed", "back")["files"] == len(paths)


def test_outputs_are_written_to_buckets(workspace: Workspace) -> None:
    runs, out = f"s3://{BUCKET}/all-runs", f"s3://{BUCKET}/answers"
    first = workspace.work("train", "photos", "--runs", runs)
    assert (first["run"], first["bundle"]) == (f"{runs}/photos-1", f"{runs}/photos-1/model.discern")
    assert workspace.work("check", PHOTOS, "--runs", runs)["run"] == f"{runs}/photos-2"
    assert "already a run" in workspace.refused("train", "photos", "--runs", runs, "--name", "photos-1")
    pulled = workspace.json("pull", runs, "all-runs")
    names = {each.name for each in (workspace.folder / "all-runs/photos-1").iterdir()}
    assert {"run.json", "model.discern", "report.html"} <= names
    assert ".lock" not in names
    assert pulled["files"] == len([each for each in (workspace.folder / "all-runs").rglob("*") if each.is_file()])
    answers = workspace.json("predict", first["bundle"], "photos", "--out", f"{out}/a.jsonl")
    assert answers["out"] == f"{out}/a.jsonl"
    workspace.json("pull", f"{out}/a.jsonl", "answers")
    assert (workspace.folder / "answers/a.jsonl").read_text().count("\n") == answers["pictures"]
    assert "already something" in workspace.refused("predict", first["bundle"], "photos", "--out", f"{out}/a.jsonl")
    parts = workspace.work("split", "photos", "--out", f"{out}/parts", "--runs", runs)
    assert parts["out"] == f"{out}/parts"
    assert workspace.json("pull", f"{out}/parts", "copied")["files"] > sum(parts["pictures"].values())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", f"s3://{BUCKET}/none"), f"There is nothing at s3://{BUCKET}/none"),
        (("predict", f"s3://{BUCKET}/none.discern", "photos"), "There is nothing at"),
        (("train", "s3://no-such-bucket/x"), "There is no bucket"),
        (("train", "s3://"), "is not an address"),
        (("export", "photos", f"s3://{BUCKET}/photos"), "There is already something at"),
        (("split", PHOTOS, "--out", "parts", "--link"), "cannot be linked"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], message: str, workspace: Workspace) -> None:
    assert message in workspace.refused(*words)
