"""Resumable output: atomic parts, one process at a time, and a target that is whole or absent."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from discern.errors import RunError
from discern.flow.predict.resumable_output import FORMAT, ResumableOutput, require_free

COLUMNS: dict[str, pl.DataType] = {"name": pl.String(), "size": pl.Int64()}


def copied_from(number: int) -> Callable[[Path], object]:
    return lambda part: part.write_bytes((part.parent / f"{number:06d}.parquet").read_bytes())


def digest_of(part: Path) -> Path:
    return part.with_suffix(".sha256")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": lambda part: part.write_bytes(part.read_bytes()[:-9]),
    "emptied": lambda part: part.write_bytes(b""),
    "noise": lambda part: part.write_bytes(os.urandom(99)),
    "a changed bit": lambda part: part.write_bytes(changed_bit(part.read_bytes())),
    "another part": copied_from(0),
    "a sound table of another value": lambda part: pl.DataFrame(rows("x"), schema=COLUMNS).write_parquet(part),
    "a folder": lambda part: (part.unlink(), part.mkdir(), (part / "file").touch()),
    "a broken link": lambda part: (part.unlink(), part.symlink_to("nowhere")),
    "a link to another part": lambda part: (part.unlink(), part.symlink_to("000000.parquet")),
    "no digest": lambda part: digest_of(part).unlink(),
    "an empty digest": lambda part: digest_of(part).write_bytes(b""),
    "a false digest": lambda part: digest_of(part).write_text("0" * 64),
    "a digest that is noise": lambda part: digest_of(part).write_bytes(os.urandom(64)),
    "a digest without an end": lambda part: (digest_of(part).unlink(), digest_of(part).symlink_to("/dev/zero")),
}
ABOUT: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_text("{"),
    "emptied": lambda path: path.write_text(""),
    "noise": lambda path: path.write_bytes(os.urandom(99)),
    "a list": lambda path: path.write_text("[]"),
    "deeply nested": lambda path: path.write_text("[" * 100_000),
    "missing": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}
if hasattr(os, "mkfifo"):
    DAMAGE["a pipe"] = lambda part: (part.unlink(), os.mkfifo(part))
    ABOUT["a pipe"] = lambda path: (path.unlink(), os.mkfifo(path))


def changed_bit(data: bytes) -> bytes:
    return data[:9] + bytes([data[9] ^ 1]) + data[10:]


def rows(*names: str) -> list[dict[str, object]]:
    return [{"name": name, "size": len(name)} for name in names]


@pytest.fixture
def work(tmp_path: Path) -> ResumableOutput:
    return ResumableOutput(tmp_path / "out.parquet")


def test_parts_come_in_their_order_however_many(work: ResumableOutput) -> None:
    with work.locked({}):
        for number in range(12):
            work.add(rows(str(number)), COLUMNS)
        assert work.columns("name")["name"].to_list() == [str(number) for number in range(12)]
        assert work.columns("size")["size"].dtype == pl.Int64


def test_without_parts_there_is_an_empty_column(work: ResumableOutput) -> None:
    with work.locked({}):
        assert work.columns("name")["name"].to_list() == []


class TestSettling:
    """Parts end with each key once, in order; they are rewritten only if needed."""

    def settled(self, work: ResumableOutput, *order: str) -> list[str]:
        return pl.scan_parquet(work.settle("name", order)).collect()["name"].to_list()

    def test_correct_parts_are_not_rewritten(self, work: ResumableOutput) -> None:
        with work.locked({}):
            work.add(rows("a", "b"), COLUMNS)
            work.add(rows("c"), COLUMNS)
            assert work.settle("name", ["a", "b", "c"]) == work.parts()

    def test_rows_are_put_in_order_and_others_dropped(self, work: ResumableOutput) -> None:
        with work.locked({}):
            work.add(rows("b", "d", "gone"), COLUMNS)
            work.add(rows("c", "a"), COLUMNS)
            assert self.settled(work, "a", "b", "c", "d") == ["a", "b", "c", "d"]
            assert self.settled(work, "d", "a") == ["d", "a"]

    def test_the_latest_row_counts(self, work: ResumableOutput) -> None:
        with work.locked({}):
            work.add([{"name": "a", "size": 1}, {"name": "b", "size": 1}], COLUMNS)
            work.add([{"name": "a", "size": 2}], COLUMNS)
            table = pl.scan_parquet(work.settle("name", ["a", "b"])).collect()
            assert table["size"].to_list() == [2, 1]

    @pytest.mark.parametrize("turn", [-1, 7, 1_001])
    def test_many_parts_in_any_order(self, work: ResumableOutput, turn: int) -> None:
        names = [str(number) for number in range(2_500)]
        order = names[::turn] if turn < 0 else [names[number * turn % 2_500] for number in range(2_500)]
        with work.locked({}):
            for start in range(0, 2_500, 100):
                work.add(rows(*names[start : start + 100]), COLUMNS)
            assert self.settled(work, *order) == order

    def test_a_second_time_is_as_the_first(self, work: ResumableOutput) -> None:
        with work.locked({}):
            work.add(rows("a", "b"), COLUMNS)
            assert self.settled(work, "b") == self.settled(work, "b") == ["b"]
            assert work.columns("name")["name"].to_list() == ["a", "b"]


def test_an_unfinished_job_is_resumed(work: ResumableOutput) -> None:
    with work.locked({"about": 1}):
        work.add(rows("a", "b"), COLUMNS)
    with work.locked({"about": 1}):
        assert work.columns("name")["name"].to_list() == ["a", "b"]
        work.add(rows("c"), COLUMNS)
        assert work.columns("name")["name"].to_list() == ["a", "b", "c"]


@pytest.mark.parametrize("about", [{"about": 2}, {}, {"about": 1, "more": 1}])
def test_another_job_is_not_resumed(work: ResumableOutput, about: dict[str, int]) -> None:
    with work.locked({"about": 1}):
        work.add(rows("a"), COLUMNS)
    with pytest.raises(RunError, match="was started with another bundle"), work.locked(about):
        pass
    assert work.parts()


def test_a_job_of_a_later_version_is_not_resumed(work: ResumableOutput) -> None:
    with work.locked({"about": 1}):
        work.add(rows("a"), COLUMNS)
    about = json.loads((work.folder / "about.json").read_text())
    (work.folder / "about.json").write_text(json.dumps(about | {"format": FORMAT + 1}))
    with pytest.raises(RunError), work.locked({"about": 1}):
        pass


def kept(work: ResumableOutput, about: dict[str, int], columns: dict[str, pl.DataType] = COLUMNS) -> list[str]:
    with work.locked(about):
        work.discard_damaged(columns)
        return work.columns("name")["name"].to_list()


class TestDamage:
    """A part that is not as it was written is discarded, and said to be; all others are kept."""

    @pytest.fixture
    def second(self, work: ResumableOutput) -> Path:
        with work.locked({"about": 1}):
            for name in "abc":
                work.add(rows(name), COLUMNS)
        return work.folder / "000001.parquet"

    def test_without_damage_nothing_is_discarded(
        self, work: ResumableOutput, second: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert kept(work, {"about": 1}) == ["a", "b", "c"]
        assert not caplog.records

    @pytest.mark.parametrize("name", DAMAGE)
    def test_a_damaged_part_is_discarded(
        self, work: ResumableOutput, second: Path, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        DAMAGE[name](second)
        assert kept(work, {"about": 1}) == ["a", "c"]
        assert "A kept part of" in caplog.text
        with work.locked({"about": 1}):
            work.add(rows("b"), COLUMNS)
        assert sorted(kept(work, {"about": 1})) == ["a", "b", "c"]

    def test_parts_of_another_version_are_discarded(self, work: ResumableOutput, second: Path) -> None:
        assert kept(work, {"about": 1}, COLUMNS | {"more": pl.String()}) == []

    @pytest.mark.parametrize("name", ABOUT)
    def test_a_damaged_description_costs_no_part(self, work: ResumableOutput, second: Path, name: str) -> None:
        ABOUT[name](work.folder / "about.json")
        assert kept(work, {"about": 1}) == ["a", "b", "c"]
        assert json.loads((work.folder / "about.json").read_text()) == {"about": 1, "format": FORMAT}

    def test_without_a_description_parts_of_another_job_are_discarded(
        self, work: ResumableOutput, second: Path
    ) -> None:
        (work.folder / "about.json").unlink()
        assert kept(work, {"about": 2}) == []


def test_a_job_without_rows_leaves_nothing(work: ResumableOutput, tmp_path: Path) -> None:
    with work.locked({}):
        pass
    assert list(tmp_path.iterdir()) == []


def test_only_one_process_writes(work: ResumableOutput) -> None:
    with work.locked({}):
        work.add(rows("a"), COLUMNS)
        with pytest.raises(RunError, match="Another process"), ResumableOutput(work.target).locked({}):
            pass
        assert work.columns("name")["name"].to_list() == ["a"]


class TestReplacing:
    def test_the_target_is_whole_or_absent(self, work: ResumableOutput) -> None:
        with work.locked({}):
            work.add(rows("a"), COLUMNS)
            with work.replacing(work.target) as path:
                path.write_text("whole")
                assert not work.target.exists()
        assert work.target.read_text() == "whole"
        assert not work.folder.exists()

    def test_a_failure_leaves_the_parts(self, work: ResumableOutput, tmp_path: Path) -> None:
        def fill_the_disk(path: Path) -> None:
            path.write_text("half")
            raise OSError(28, "No space left on device")

        with pytest.raises(RunError, match="No space left"):
            place_after(work, fill_the_disk)
        assert [path.name for path in tmp_path.iterdir()] == [work.folder.name]
        assert work.columns("name")["name"].to_list() == ["a"]

    def test_a_file_created_meanwhile_is_kept_and_so_are_the_parts(self, work: ResumableOutput) -> None:
        with pytest.raises(RunError, match="already a file"):
            place_after(work, lambda path: (path.write_text("ours"), work.target.write_text("theirs")))
        assert work.target.read_text() == "theirs"
        assert work.columns("name")["name"].to_list() == ["a"]


def place_after(work: ResumableOutput, act: Callable[[Path], object]) -> None:
    with work.locked({}):
        work.add(rows("a"), COLUMNS)
        with work.replacing(work.target) as path:
            act(path)


def test_a_broken_link_counts_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "none")
    with pytest.raises(RunError, match="already a file"):
        require_free(tmp_path / "link")
    require_free(tmp_path / "none")


def test_all_existing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    with pytest.raises(RunError, match=r"a and at .*b\.") as raised:
        require_free(tmp_path / "a", tmp_path / "none", tmp_path / "b")
    assert "them" in raised.value.hint
