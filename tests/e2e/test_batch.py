"""`discern predict --out` from end to end: text, one JSON object, errors, and resumption after a kill."""

import io
import json
import os
import signal
import zipfile
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from tests.e2e.server_process import Workspace, stop
from tests.unit.bundle.factories import plain, write_small


@pytest.fixture(scope="module")
def bundle(workspace: Workspace) -> Path:
    return write_small(workspace.folder / "small.discern")


def test_text_names_the_output(workspace: Workspace, bundle: Path, tmp_path: Path) -> None:
    done = workspace.call(
        "predict", bundle, workspace.photos, "--out", tmp_path / "a.csv", "--sheet", tmp_path / "a.html"
    )
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("36 pictures: ")
    assert lines[-2:] == [f"predictions: {tmp_path / 'a.csv'}", f"review sheet: {tmp_path / 'a.html'}"]


def test_json_is_one_object(workspace: Workspace, bundle: Path, tmp_path: Path) -> None:
    done = workspace.json("predict", bundle, workspace.photos, "--out", tmp_path / "a.jsonl")
    assert done.keys() == {"out", "pictures", "decisions", "unusable", "resumed", "sheet", "seconds"}
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    alone = workspace.call("predict", bundle, workspace.photos, "--json").out.splitlines()
    assert [json.loads(line).keys() for line in lines] == [json.loads(line).keys() for line in alone]
    assert {json.loads(line)["path"] for line in lines} == {json.loads(line)["path"] for line in alone}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["https://shop.example/", "--out", "a.csv"], "is a URL"),
        (["photos", "--sheet", "a.html"], "--sheet needs --out"),
        (["photos", "--out", "a.xlsx"], "Unsupported output format"),
        (["photos", "--out", "a.csv", "--sheet", "a.gif"], "Unsupported format of a review sheet"),
        (["nowhere", "--out", "a.csv"], "does not exist"),
        (["photos", "--out", "small.discern/a.csv"], "cannot be written"),
    ],
)
def test_refusals_are_one_line(workspace: Workspace, bundle: Path, words: list[str], why: str) -> None:
    assert why in workspace.refused("predict", bundle, *words)


def test_unusable_files_are_rows_and_nothing_but_such_rows_exits_1(
    workspace: Workspace, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    words = ("predict", bundle, tmp_path / "notes.txt")
    assert workspace.call(*words, workspace.picture("red"), "--out", tmp_path / "a.csv").code == 0
    assert workspace.call(*words, "--out", tmp_path / "b.csv").code == 1
    assert "not_a_picture" in (tmp_path / "b.csv").read_text()
    done = workspace.call(*words, workspace.picture("red"))
    assert (done.code, done.err) == (1, "")
    assert "notes.txt: " in done.out.splitlines()[0]


def test_an_empty_folder_is_refused_with_and_without_a_file(workspace: Workspace, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no picture" in workspace.refused("predict", bundle, tmp_path / "empty")
    assert "There is no file in" in workspace.refused(
        "predict", bundle, tmp_path / "empty", "--out", tmp_path / "a.csv"
    )


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_killed_command_is_resumed(workspace: Workspace, bundle: Path, tmp_path: Path, how: signal.Signals) -> None:
    picture = io.BytesIO()
    Image.fromarray(plain(200, 0, 0)).save(picture, "PNG")
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(4_000):
            archive.writestr(f"{number}.png", picture.getvalue())
    words = ("predict", bundle, tmp_path / "many.zip", "--out", tmp_path / "a.parquet")
    done = stop(workspace.start(*words), tmp_path / ".a.parquet.unfinished" / "000000.parquet", how)
    assert done.code in (130, -signal.SIGKILL)
    assert not (tmp_path / "a.parquet").exists()
    found = workspace.json(*words)
    assert 1_000 <= found["resumed"] < found["pictures"] == 4_000
    assert pl.read_parquet(tmp_path / "a.parquet")["path"].n_unique() == 4_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "many.zip"]


def test_an_invalid_address_is_refused_in_one_line(workspace: Workspace) -> None:
    assert "Invalid server address" in workspace.refused("evaluate", "http://127.0.0.1:99999", workspace.photos)
