"""The folder of a plan is replaced only if nothing else is in it."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.shipping.plan_folder import RECORD, plan_folder


def write(out: Path, target: str = "lambda", **files: str) -> None:
    with plan_folder(out, target) as folder:
        for name, text in files.items():
            (folder / name).write_text(text)


def names(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def test_an_earlier_plan_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "new/plan"
    write(out, a="1", b="2")
    write(out, a="3")
    assert names(out) == {"a", RECORD}
    assert (out / "a").read_text() == "3"


def test_an_edited_file_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "plan", a="1")
    (tmp_path / "plan/a").write_text("mine")
    with pytest.raises(UsageError, match="was edited"):
        write(tmp_path / "plan", a="2")
    assert (tmp_path / "plan/a").read_text() == "mine"


@pytest.mark.parametrize("name", ["notes.txt", "inner/notes.txt", ".hidden"])
def test_other_files_are_kept(tmp_path: Path, name: str) -> None:
    write(tmp_path / "plan", a="1")
    (tmp_path / "plan" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "plan" / name).touch()
    with pytest.raises(UsageError, match="contains other files"):
        write(tmp_path / "plan", a="2")
    assert (tmp_path / "plan" / name).exists()


def test_a_plan_of_another_target_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "plan", a="1")
    with pytest.raises(UsageError, match="contains other files"):
        write(tmp_path / "plan", target="workflow", a="2")


def test_a_folder_inside_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file/plan"):
        with pytest.raises(UsageError, match="is not a folder"):
            write(out, a="1")


def test_nothing_is_left_of_a_plan_that_fails(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written") as raised:
        write_and_fail(tmp_path / "plan")
    assert raised.value.hint.startswith("Free disk space")
    assert list(tmp_path.iterdir()) == []


def write_and_fail(out: Path) -> None:
    with plan_folder(out, "lambda") as folder:
        (folder / "a").write_text("1")
        (folder / "b/c").write_text("2")
