"""Every hostile input that is quick to make, through its door: refused by name, or read for a reason that is said."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from discern.cli import main
from tests.attacks.doors import DOORS, READ
from tests.attacks.hostile import Hostile, enter
from tests.attacks.registry import HOSTILE
from tests.unit.catalog.factories import picture, write_files
from tests.unit.flow.workspace import write_backbone

QUICK = [hostile for hostile in HOSTILE if not hostile.heavy]
AMONG_FILES = {"open", "scan"}


def on_this_system(hostile: Hostile) -> None:
    if hostile.posix and sys.platform == "win32":
        pytest.skip("no such links, pipes or names here")


@pytest.mark.parametrize("hostile", QUICK, ids=[hostile.title for hostile in QUICK])
def test_it_is_refused_by_name_or_read_for_a_reason(hostile: Hostile, tmp_path: Path) -> None:
    on_this_system(hostile)
    came = enter(hostile, hostile.write(tmp_path), tmp_path)
    assert came.code in hostile.came, came.message


def test_there_are_hundreds_of_many_kinds() -> None:
    assert len(HOSTILE) >= 200
    assert len({hostile.kind for hostile in HOSTILE}) >= 20
    assert {hostile.door for hostile in HOSTILE} >= set(DOORS) - {"train --resume"}


def test_what_is_read_all_the_same_says_why() -> None:
    assert all(hostile.why for hostile in HOSTILE if READ in hostile.came)


@pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and names of POSIX are among them")
def test_all_of_them_together_spoil_no_check(tmp_path: Path) -> None:
    """One folder of files of every kind and a few sound ones, as a user would have it checked."""
    folder = write_files(
        tmp_path / "photos", {f"{one}/{n}.png": picture(9 * n + ord(one)) for one in "ab" for n in range(3)}
    )
    for number, hostile in enumerate([hostile for hostile in QUICK if hostile.door in AMONG_FILES][::4]):
        scratch = tmp_path / f"scratch-{number}"
        scratch.mkdir()
        given = hostile.write(scratch)
        if given.is_file():
            given.replace(folder / f"{number}-{given.name}")
    files = sum(path.is_file() for path in folder.rglob("*"))
    assert files > 80
    out, err = io.StringIO(), io.StringIO()
    words = ["check", folder, "--runs", tmp_path / "runs", "--cache", tmp_path / "cache", "--json"]
    words += ["--backbone", write_backbone(tmp_path / "colour.onnx")]
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert (left.value.code, err.getvalue()) == (0, "")
    assert '"unreadable"' in out.getvalue()
