"""Uses of the same held-out pictures are counted beside the runs."""

import json
from pathlib import Path

from discern.flow.compare.comparison_record import FILE, record_use


def runs_in(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return [folder / name for name in names]


def test_each_comparison_of_other_models_counts_once(tmp_path: Path) -> None:
    runs = runs_in(tmp_path, "a", "b", "c")
    first = record_use(runs[:2], "pictures", ["m1", "m2"])
    assert (first.comparisons, first.models, first.recorded) == (1, 2, True)
    again = record_use(runs[:2], "pictures", ["m2", "m1"])
    assert (again.comparisons, again.models) == (1, 2)
    third = record_use(runs, "pictures", ["m1", "m2", "m3"])
    assert third.to_json() == {"comparisons": 2, "models": 3}
    assert len((tmp_path / FILE).read_text(encoding="ascii").splitlines()) == 2


def test_other_pictures_have_uses_of_their_own(tmp_path: Path) -> None:
    runs = runs_in(tmp_path, "a", "b")
    record_use(runs, "pictures", ["m1", "m2"])
    assert record_use(runs, "others", ["m1", "m3"]).comparisons == 1


def test_runs_in_two_folders_count_the_comparisons_of_both(tmp_path: Path) -> None:
    first, second = runs_in(tmp_path / "x", "a", "b"), runs_in(tmp_path / "y", "c")
    record_use(first, "pictures", ["m1", "m2"])
    found = record_use([*first, *second], "pictures", ["m1", "m2", "m3"])
    assert (found.comparisons, found.models) == (2, 3)
    assert record_use([*second], "pictures", ["m3"]).comparisons == 2


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    runs = runs_in(tmp_path, "a", "b")
    record_use(runs, "pictures", ["m1", "m2"])
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'\xff\n[]\n{"pictures": "pictures"}\n{"pictures": "pictures", "models": 3}\n' + b"[" * 9000 + b"\n")
    assert record_use(runs, "pictures", ["m1", "m3"]).comparisons == 2


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    runs = runs_in(tmp_path, "a", "b")
    (tmp_path / FILE).mkdir()
    found = record_use(runs, "pictures", ["m1", "m2"])
    assert (found.comparisons, found.recorded) == (1, False)


def test_lines_say_when_and_what(tmp_path: Path) -> None:
    record_use(runs_in(tmp_path, "a"), "pictures", ["m2", "m1"])
    line = json.loads((tmp_path / FILE).read_text(encoding="ascii"))
    assert line.keys() == {"pictures", "models", "created"}
    assert (line["pictures"], line["models"]) == ("pictures", ["m1", "m2"])
