"""Every quick hostile input is rejected with an error code, or read for a documented reason."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from discern.cli import main
from tests.attacks.entry_points import ENTRY_POINTS, READ
from tests.attacks.hostile import Hostile, run_entry_point
from tests.attacks.registry import HOSTILE
from tests.integration.workspace import write_backbone
from tests.unit.catalog.factories import picture, write_files

QUICK = [hostile for hostile in HOSTILE if not hostile.heavy]
FILE_ENTRY_POINTS = {"open", "scan"}


def skip_unsupported(hostile: Hostile) -> None:
    if hostile.posix and sys.platform == "win32":
        pytest.skip("needs POSIX links, pipes or names")


@pytest.mark.parametrize("hostile", QUICK, ids=[hostile.title for hostile in QUICK])
def test_the_outcome_is_permitted(hostile: Hostile, tmp_path: Path) -> None:
    skip_unsupported(hostile)
    outcome = run_entry_point(hostile, hostile.write(tmp_path), tmp_path)
    assert outcome.code in hostile.outcomes, outcome.message


def test_there_are_hundreds_of_inputs_for_all_entry_points() -> None:
    assert len(HOSTILE) >= 200
    assert len({hostile.kind for hostile in HOSTILE}) >= 20
    assert {hostile.entry_point for hostile in HOSTILE} >= set(ENTRY_POINTS) - {"train --resume"}


def test_inputs_that_may_be_read_have_a_reason() -> None:
    assert all(hostile.why for hostile in HOSTILE if READ in hostile.outcomes)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX links, pipes and names")
def test_a_folder_of_hostile_files_is_checked(tmp_path: Path) -> None:
    """Check one folder of hostile files and a few valid pictures by the command."""
    folder = write_files(
        tmp_path / "photos", {f"{label}/{n}.png": picture(9 * n + ord(label)) for label in "ab" for n in range(3)}
    )
    for number, hostile in enumerate([hostile for hostile in QUICK if hostile.entry_point in FILE_ENTRY_POINTS][::4]):
        scratch = tmp_path / f"scratch-{number}"
        scratch.mkdir()
        path = hostile.write(scratch)
        if path.is_file():
            path.replace(folder / f"{number}-{path.name}")
    files = sum(path.is_file() for path in folder.rglob("*"))
    assert files > 80
    out, err = io.StringIO(), io.StringIO()
    command = ["check", folder, "--runs", tmp_path / "runs", "--cache", tmp_path / "cache", "--json"]
    command += ["--backbone", write_backbone(tmp_path / "colour.onnx")]
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as caught:
        main([str(word) for word in command])
    assert (caught.value.code, err.getvalue()) == (0, "")
    assert '"unreadable"' in out.getvalue()
