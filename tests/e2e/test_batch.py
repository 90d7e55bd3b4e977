"""`discern predict --out` as a command: words, one object, refusals, and what is left when it is killed."""

import io
import json
import os
import signal
import zipfile
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from tests.e2e.server_process import Bench, stop
from tests.unit.bundle.factories import plain, write_small


@pytest.fixture(scope="module")
def bundle(bench: Bench) -> Path:
    return write_small(bench.folder / "small.discern")


def test_a_person_reads_what_came_of_it(bench: Bench, bundle: Path, tmp_path: Path) -> None:
    said = bench.call("predict", bundle, bench.photos, "--out", tmp_path / "a.csv", "--sheet", tmp_path / "a.html")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("36 pictures: ")
    assert lines[-2:] == [f"answers: {tmp_path / 'a.csv'}", f"doubtful: {tmp_path / 'a.html'}"]


def test_a_program_reads_one_object(bench: Bench, bundle: Path, tmp_path: Path) -> None:
    said = bench.json("predict", bundle, bench.photos, "--out", tmp_path / "a.jsonl")
    assert said.keys() == {"out", "pictures", "decisions", "unusable", "resumed", "sheet", "seconds"}
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    alone = bench.call("predict", bundle, bench.photos, "--json").out.splitlines()
    assert [json.loads(line).keys() for line in lines] == [json.loads(line).keys() for line in alone]
    assert {json.loads(line)["path"] for line in lines} == {json.loads(line)["path"] for line in alone}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["https://shop.example/", "--out", "a.csv"], "is an address"),
        (["photos", "--sheet", "a.html"], "--sheet goes with --out"),
        (["photos", "--out", "a.xlsx"], "of no form"),
        (["photos", "--out", "a.csv", "--sheet", "a.gif"], "of no form"),
        (["nowhere", "--out", "a.csv"], "does not exist"),
        (["photos", "--out", "small.discern/a.csv"], "cannot be written"),
    ],
)
def test_refusals_are_one_line(bench: Bench, bundle: Path, words: list[str], why: str) -> None:
    assert why in bench.refused("predict", bundle, *words)


def test_rows_with_a_reason_are_done_and_nothing_but_such_rows_falls_short(
    bench: Bench, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    words = ("predict", bundle, tmp_path / "notes.txt")
    assert bench.call(*words, bench.picture("red"), "--out", tmp_path / "a.csv").code == 0
    assert bench.call(*words, "--out", tmp_path / "b.csv").code == 1
    assert "not_a_picture" in (tmp_path / "b.csv").read_text()
    said = bench.call(*words, bench.picture("red"))
    assert (said.code, said.err) == (1, "")
    assert "notes.txt: " in said.out.splitlines()[0]


def test_an_empty_folder_is_refused_with_and_without_a_file(bench: Bench, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no picture" in bench.refused("predict", bundle, tmp_path / "empty")
    assert "empty" in bench.refused("predict", bundle, tmp_path / "empty", "--out", tmp_path / "a.csv")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_one_goes_on(bench: Bench, bundle: Path, tmp_path: Path, how: signal.Signals) -> None:
    picture = io.BytesIO()
    Image.fromarray(plain(200, 0, 0)).save(picture, "PNG")
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(4_000):
            archive.writestr(f"{number}.png", picture.getvalue())
    words = ("predict", bundle, tmp_path / "many.zip", "--out", tmp_path / "a.parquet")
    said = stop(bench.start(*words), tmp_path / ".a.parquet.unfinished" / "000000.parquet", how)
    assert said.code in (130, -signal.SIGKILL)
    assert not (tmp_path / "a.parquet").exists()
    found = bench.json(*words)
    assert 1_000 <= found["resumed"] < found["pictures"] == 4_000
    assert pl.read_parquet(tmp_path / "a.parquet")["path"].n_unique() == 4_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "many.zip"]


def test_a_server_that_is_not_there_is_refused_in_one_line(bench: Bench) -> None:
    assert "no address" in bench.refused("evaluate", "http://127.0.0.1:99999", bench.photos)
