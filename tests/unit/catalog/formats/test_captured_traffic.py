"""Captured traffic in nested folders: every record is read, and what is not one is counted."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from discern.catalog.formats.captured_traffic import read_traffic, read_traffic_pictures
from discern.errors import CatalogError
from tests.unit.catalog.factories import captured, picture

PNG = picture(1)
HOUR = "endpoint/AllTraffic/2026/11/29/10"


def write(root: Path, name: str, *lines: bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines))
    return path


def test_records_in_nested_folders_are_read_in_order(tmp_path: Path) -> None:
    write(tmp_path, f"{HOUR}/b.jsonl", captured(PNG, event="3", output=[0.3, 0.7]))
    write(
        tmp_path,
        f"{HOUR}/a.jsonl",
        captured(PNG, event="1", output=[0.1, 0.9]),
        b"\n",
        captured(PNG, event="2", output={"label": "x", "confidence": 0.5, "decision": "review"}),
    )
    traffic = read_traffic(tmp_path)
    assert [each.path for each in traffic.captures] == [
        f"{HOUR}/a.jsonl!/1.png", f"{HOUR}/a.jsonl!/2.png", f"{HOUR}/b.jsonl!/3.png"
    ]  # fmt: skip
    assert [each.answer.confidence for each in traffic.captures if each.answer] == [0.9, 0.5, 0.7]
    assert (traffic.records, traffic.damaged, traffic.others) == (3, [], [])


def test_damaged_lines_and_other_files_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", b"garbage\n", captured(PNG, output=[1.0]), b'{"captureData": {"end\n', b'{"other": 1}\n')
    write(tmp_path, "broken.jsonl", b'{"captureData": {"endp')
    write(tmp_path, "truth.jsonl", b'{"groundTruthData": {"data": "1"}, "eventMetadata": {"eventId": "a"}}\n')
    write(tmp_path, "empty.jsonl")
    write(tmp_path, "notes.txt", b"notes")
    traffic = read_traffic(tmp_path)
    assert traffic.records == 1
    assert [path for path, _ in traffic.damaged] == ["a.jsonl", "a.jsonl", "a.jsonl", "broken.jsonl"]
    assert [why.split(" is ")[0] for _, why in traffic.damaged] == ["Line 1", "Line 3", "Line 4", "Line 1"]
    assert sorted(traffic.others) == ["empty.jsonl", "truth.jsonl"]


def test_several_pictures_have_an_answer_each(tmp_path: Path) -> None:
    body = json.dumps({"image_b64": [base64.b64encode(PNG).decode()] * 2})
    line = captured(body, event="a", content_type="application/json", encoding="JSON", output=[[0.1, 0.9], [0.6, 0.4]])
    unlike = captured(body, event="b", content_type="application/json", encoding="JSON", output=[0.1, 0.9])
    captures = read_traffic(write(tmp_path, "a.jsonl", line, unlike)).captures
    assert [each.path.partition("!/")[2] for each in captures] == ["a.png", "a-2.png", "b.png", "b-2.png"]
    assert [None if each.answer is None else each.answer.confidence for each in captures] == [0.9, 0.6, None, None]


def test_an_answer_without_a_picture_stays(tmp_path: Path) -> None:
    lines = [
        captured("!!!", event="a", output=[0.9, 0.1]),
        captured("1,2", event="b", content_type="text/csv", encoding="CSV", output=[[0.8, 0.2], [0.7, 0.3]]),
    ]
    captures = read_traffic(write(tmp_path, "a.jsonl", *lines)).captures
    assert [each.answer.confidence for each in captures if each.answer] == [0.9, 0.8, 0.7]
    assert len({each.path for each in captures}) == 3
    assert all(each.problem for each in captures)


def test_the_folder_s_hour_is_the_time_of_records_without_one(tmp_path: Path) -> None:
    write(tmp_path, f"{HOUR}/a.jsonl", captured(PNG, event="a", time=None), captured(PNG, event="b"))
    write(tmp_path, "endpoint/2026/13/29/10/a.jsonl", captured(PNG, event="c", time="then"))
    own = datetime(2026, 11, 29, 10, tzinfo=UTC)
    found = {each.path[-5:-4]: (each.time, each.by_folder) for each in read_traffic(tmp_path).captures}
    assert found == {"a": (own, True), "b": (own, False), "c": (None, False)}


def test_pictures_are_read_by_their_paths(tmp_path: Path) -> None:
    source = write(
        tmp_path, "a.jsonl", captured(PNG, event="a"), captured(picture(2), event="b"), captured("!", event="c")
    )
    wanted = {"a.jsonl!/b.png", "a.jsonl!/c"}
    assert list(read_traffic_pictures(source, wanted)) == [("a.jsonl!/b.png", picture(2))]


def test_any_name_is_read_if_it_is_given(tmp_path: Path) -> None:
    assert read_traffic(write(tmp_path, "capture.txt", captured(PNG, output=[1.0]))).records == 1


@pytest.mark.parametrize(
    ("content", "hint"),
    [(None, "by date"), (b'{"a": 1}\n', "lines of JSON with"), (b'{"captureData": {"e', "Line 1 is not valid JSON")],
)
def test_a_source_without_a_record_is_refused(content: bytes | None, hint: str, tmp_path: Path) -> None:
    if content is not None:
        write(tmp_path, "a.jsonl", content)
    with pytest.raises(CatalogError, match="no captured request") as error:
        read_traffic(tmp_path)
    assert hint in error.value.hint


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        read_traffic(tmp_path / "missing")
