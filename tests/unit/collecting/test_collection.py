"""A collection records each source once, continues, and lists its pictures for training."""

import csv
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock

from discern.collecting.collected_record import CollectedPicture, CollectedRecord
from discern.collecting.collection import JOURNAL, METADATA, Collection, count_groups, count_left_out, open_collection
from discern.errors import UsageError


def record(collection: Collection, name: str, **values: object) -> CollectedRecord:
    path = collection.path("bed", name)
    (collection.folder / path).write_bytes(b"picture")
    picture = CollectedPicture(file=path, group=name[0], seconds=0.5)
    return CollectedRecord(key=name[0], source=name, label="bed", pictures=(picture,), **values)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / METADATA).open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_was_collected_is_found_and_listed_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_collection(out) as collection:
        added = record(collection, "a.jpg", settings="s", left_out={"blurred": 2})
        collection.add(added)
    with open_collection(out) as collection:
        assert collection.find("a", "s") == added
        assert collection.find("a", "other") is None
        assert collection.find("b") is None
        collection.add(record(collection, "b.jpg"))
    assert [(row["file_name"], row["label"], row["group"]) for row in rows(out)] == [
        ("bed/a.jpg", "bed", "a"),
        ("bed/b.jpg", "bed", "b"),
    ]


def test_a_record_does_not_stand_without_its_pictures(tmp_path: Path) -> None:
    with open_collection(tmp_path / "out") as collection:
        collection.add(record(collection, "a.jpg"))
        (tmp_path / "out/bed/a.jpg").unlink()
        assert collection.find("a") is None


def test_temporary_failures_are_tried_again_and_others_are_not(tmp_path: Path) -> None:
    with open_collection(tmp_path / "out") as collection:
        collection.add(CollectedRecord(key="a", source="a", failure="timeout", is_temporary=True))
        collection.add(CollectedRecord(key="b", source="b", failure="not_found"))
        assert collection.find("a") is None
        assert collection.find("b") is not None


def test_left_out_sources_are_listed_in_one_order_whichever_ends_first(tmp_path: Path) -> None:
    lists = []
    for order in ("abc", "cab"):
        with open_collection(tmp_path / order) as collection:
            for key in order:
                collection.add(CollectedRecord(key=key, source=key, failure="not_found", message=f"No {key}."))
        lists.append(collection.left_out_list.read_text())
    assert lists[0] == lists[1]


def test_pictures_of_an_earlier_outcome_are_removed(tmp_path: Path) -> None:
    with open_collection(tmp_path / "out") as collection:
        collection.add(record(collection, "a.jpg"))
        collection.add(record(collection, "a2.jpg"))
    assert [path.name for path in (tmp_path / "out/bed").iterdir()] == ["a2.jpg"]
    assert len(rows(tmp_path / "out")) == 1


def test_a_line_that_was_cut_off_is_no_record(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_collection(out) as collection:
        collection.add(record(collection, "a.jpg"))
    with (out / JOURNAL).open("a") as file:
        file.write('{"key": "b", "sour')
    with open_collection(out) as collection:
        assert collection.find("a") is not None
        collection.add(record(collection, "c.jpg"))
    with open_collection(out) as collection:
        assert [collection.find(key) is not None for key in "abc"] == [True, False, True]


@pytest.mark.parametrize(
    "line", ["[]", "{}", "null", '{"key": 1, "source": "a"}', '{"key": "a", "source": "b", "new": 1}']
)
def test_other_lines_are_not_records(tmp_path: Path, line: str) -> None:
    (tmp_path / JOURNAL).write_text(line + "\n")
    with open_collection(tmp_path) as collection:
        assert collection.find("a") is None


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(UsageError, match="not made by"), open_collection(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).touch()
    with (
        FileLock(tmp_path / ".collected.lock"),
        pytest.raises(UsageError, match="Another process"),
        open_collection(tmp_path),
    ):
        pass


def test_nothing_is_left_of_a_collection_of_nothing(tmp_path: Path) -> None:
    with open_collection(tmp_path / "out"):
        pass
    assert not (tmp_path / "out").exists()


def test_a_failure_keeps_what_was_collected(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), open_collection(tmp_path / "out") as collection:
        collection.add(record(collection, "a.jpg"))
        raise KeyboardInterrupt
    assert len(rows(tmp_path / "out")) == 1


def test_labels_become_names_of_folders(tmp_path: Path) -> None:
    with open_collection(tmp_path / "out") as collection:
        path = collection.path("../up/a:b", "x/y.jpg", part="train")
    assert path == "train/.._up_a_b/x_y.jpg"


def test_counts() -> None:
    one = CollectedRecord(
        key="a", source="a", pictures=(CollectedPicture(file="a", group="g"),), left_out={"blurred": 2}
    )
    other = CollectedRecord(key="b", source="b", failure="timeout", left_out={"blurred": 1})
    assert count_left_out([one, other]) == {"blurred": 3, "timeout": 1}
    assert count_groups([one, other]) == 1
