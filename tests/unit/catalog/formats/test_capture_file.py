"""Captured requests hold pictures, each under a stable name; other records and damaged lines give their reason."""

import base64
import json
from pathlib import Path

import pytest

from discern.catalog.formats.capture_file import begins_capture, is_capture, is_captured, read_capture
from discern.errors import DamagedPicture, NotAPicture, PictureError, PictureTooLarge
from discern.picture import Limits
from tests.unit.catalog.factories import captured, picture

PNG, JPEG = picture(1), picture(2, file_format="JPEG")
LIMITS = Limits()
TEXT = base64.b64encode(PNG).decode()


def read(*lines: bytes, limits: Limits = LIMITS) -> dict[str, bytes | type[PictureError]]:
    """The bytes of each picture, or the type of its error, by its name in the file."""
    found: dict[str, bytes | type[PictureError]] = {}
    for item in read_capture("c.jsonl", b"".join(lines), archive="c.jsonl", limits=limits):
        assert item.path.startswith("c.jsonl!/")
        assert is_captured(item.path)
        name = item.path.removeprefix("c.jsonl!/")
        assert name not in found
        try:
            found[name] = item.load()
        except PictureError as error:
            found[name] = type(error)
    return found


def test_pictures_are_named_after_their_events() -> None:
    found = read(captured(PNG, event="ab-1"), b"\n", captured(JPEG, event="cd-2"), captured(PNG, event=""))
    assert found == {"ab-1.png": PNG, "cd-2.jpg": JPEG, "line-4.png": PNG}


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a/b c", "a-b-c"),
        ("x" * 500, "x" * 100),
        ("ü\0!", "line-1"),
        ("..", "line-1"),
    ],
)
def test_names_are_safe(event: str, name: str) -> None:
    assert list(read(captured(PNG, event=event))) == [f"{name}.png"]


def test_two_records_of_one_event_have_different_names() -> None:
    assert list(read(captured(PNG, event="a"), captured(JPEG, event="a"))) == ["a.png", "a-line-2.jpg"]


@pytest.mark.parametrize(
    "content",
    [
        {"image_b64": TEXT},
        {"image_b64": f"data:image/png;base64,{TEXT}"},
        {"image_data": TEXT, "s3_bucket": "b", "s3_key": "k", "inferences": []},
        {"statusCode": 200, "body": {"image_data": TEXT}},
        {"body": json.dumps({"image_data": TEXT})},
        [{"image_b64": TEXT.rstrip("=").replace("+", "-").replace("/", "_")}],
        {"image_b64": [TEXT[:40] + "\n" + TEXT[40:]]},
    ],
)
@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
def test_requests_in_json_hold_pictures(content: object, encoding: str) -> None:
    text = json.dumps(content)
    data = text.encode() if encoding == "BASE64" else text
    line = captured(data, event="a", content_type="application/json", encoding=encoding)
    assert read(line) == {"a.png": PNG}


def test_one_request_may_hold_several_pictures() -> None:
    text = json.dumps({"image_b64": [TEXT, base64.b64encode(JPEG).decode()]})
    line = captured(text, event="a", content_type="application/json", encoding="JSON")
    assert read(line) == {"a.png": PNG, "a-2.jpg": JPEG}


@pytest.mark.parametrize(
    ("line", "name", "error"),
    [
        (b'{"captureData": {"endp\n', "line-1", DamagedPicture),
        (b"\xff\xfe\n", "line-1", DamagedPicture),
        (b'{"other": 1}\n', "line-1", NotAPicture),
        (b"[1]\n", "line-1", NotAPicture),
        (captured("1,2,3", event="a", content_type="text/csv", encoding="CSV"), "a", NotAPicture),
        (captured('{"x": 1}', event="a", content_type="application/json", encoding="JSON"), "a", NotAPicture),
        (captured('{"image_b64": 5}', event="a", content_type="application/json", encoding="JSON"), "a", NotAPicture),
        (captured("{", event="a", content_type="application/json", encoding="JSON"), "a", DamagedPicture),
        (captured("!!!", event="a"), "a", DamagedPicture),
        (captured(None, event="a"), "a", NotAPicture),
        (b'{"captureData": {}, "eventMetadata": {"eventId": "a"}}\n', "a", NotAPicture),
        (b'{"captureData": {"endpointInput": 3}, "eventMetadata": 4}\n', "line-1", NotAPicture),
    ],
)
def test_records_without_a_picture_give_the_reason(line: bytes, name: str, error: type[PictureError]) -> None:
    found = read(line, captured(PNG, event="good"))
    assert found == {name: error, "good.png": PNG}


def test_large_pictures_and_lines_are_not_read() -> None:
    limits = Limits(max_bytes=10_000)
    assert read(captured(bytes(10_001), event="a"), limits=limits) == {"a": PictureTooLarge}
    assert read(captured(bytes(2_000_000), event="a"), limits=limits) == {"line-1": PictureTooLarge}


def test_only_the_pictures_asked_for_are_read() -> None:
    data = captured(PNG, event="a") + captured(JPEG, event="b")
    items = list(read_capture("c.jsonl", data, archive="c.jsonl", limits=Limits(), only={"c.jsonl!/b.jpg"}))
    assert [item.path for item in items] == ["c.jsonl!/b.jpg"]


def test_captures_are_recognised_by_name_and_content(tmp_path: Path) -> None:
    assert begins_capture(b"\xef\xbb\xbf\n" + captured(PNG))
    assert not begins_capture(b'{"file_name": "a.jpg", "label": "captureData"}\n')
    for name, data, expected in (
        ("a.jsonl", captured(PNG), True),
        ("a.json", captured(PNG), False),
        ("b.jsonl", b"", False),
    ):
        (tmp_path / name).write_bytes(data)
        assert is_capture(tmp_path / name) is expected
    assert not is_capture(tmp_path / "none.jsonl")
    assert not is_capture(tmp_path)
