"""Request bodies: every way to send a picture is parsed, and each malformed body is rejected with its reason."""

import base64
import contextlib
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.errors import BadRequest, DiscernError, RequestTooLarge, UnsupportedBody
from discern.inference.body_parsing import body_parser, numbered_errors

PICTURE = bytes(range(256)) + b"\r\n--x\r\n--x-"
B64 = base64.b64encode(PICTURE).decode()
FORM = "multipart/form-data; boundary=xyz"


def form(*parts: tuple[str, bytes]) -> bytes:
    """Encode parts of (Content-Disposition parameters, content)."""
    blocks = [
        b"--xyz\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    ]
    return b"".join([*blocks, b"--xyz--\r\n"])


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def parse(content_type: str, body: bytes, *, max_pictures: int = 8) -> tuple[list[bytes | str], bool]:
    parsed = body_parser(content_type, max_pictures=max_pictures)(body)
    return list(parsed.pictures), parsed.is_list


ONE = {
    "raw": ("image/png", PICTURE),
    "octets": ("application/octet-stream", PICTURE),
    "SageMaker's type": ("application/x-image", PICTURE),
    "curl --data-binary": ("application/x-www-form-urlencoded", PICTURE),
    "upper case": ("IMAGE/PNG; q=1", PICTURE),
    "no type": ("", PICTURE),
    "base64": ("application/json", as_json({"image_b64": B64})),
    "wrapped base64": ("application/json", as_json({"image_b64": base64.encodebytes(PICTURE).decode()})),
    "wrapped by a shell": ("application/json", b'{"image_b64": "' + base64.encodebytes(PICTURE) + b'"}'),
    "no padding": ("application/json", as_json({"image_b64": B64.rstrip("=")})),
    "base64 for URLs": ("application/json", as_json({"image_b64": base64.urlsafe_b64encode(PICTURE).decode()})),
    "data URL": ("application/json; charset=utf-8", as_json({"image_b64": "data:image/png;base64," + B64})),
    "file": (FORM, form(('name="file"; filename="a.png"', PICTURE))),
    "files": (FORM, form(('name="files"; filename="a.png"', PICTURE))),
    "data": (FORM, form(('name="data"', PICTURE))),
    "no quotes": (FORM, form(("name=file; filename=a.png", PICTURE))),
    "other parameters first": (FORM, form(('filename="a; name=b.png"; name="file"', PICTURE))),
    "quoted boundary": ('multipart/form-data; boundary="xyz"', form(('name="file"', PICTURE))),
    "other header fields": (
        FORM,
        b'--xyz\r\nContent-Type: image/png\r\ncontent-disposition: form-data; name="file"\r\n\r\n' + PICTURE
        + b"\r\n--xyz--",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", ONE)
def test_one_picture(way: str) -> None:
    assert parse(*ONE[way]) == ([PICTURE], False)


def test_several_pictures_keep_their_order() -> None:
    others = [b"one", b"", b"three"]
    encoded = [base64.b64encode(each).decode() for each in others]
    assert parse(FORM, form(*[('name="files"; filename="a"', each) for each in others])) == (others, True)
    assert parse("application/json", as_json({"image_b64": encoded})) == (others, True)
    assert parse("application/json", as_json([{"image_b64": each} for each in encoded])) == (others, True)
    mixed = as_json([{"image_url": "http://a/"}, {"image_b64": B64}, {"image_url": ["http://b/", "http://c/"]}])
    assert parse("application/json", mixed) == (["http://a/", PICTURE, "http://b/", "http://c/"], True)


def test_a_list_of_one_is_a_list() -> None:
    assert parse("application/json", as_json([{"image_b64": B64}])) == ([PICTURE], True)
    assert parse("application/json", as_json({"image_b64": [B64]})) == ([PICTURE], True)


BAD = {
    "another type": ("text/xml", b"<x/>", UnsupportedBody),
    "a form without parts": (FORM, b"--xyz--\r\n", BadRequest),
    "an empty form": (FORM, b"", BadRequest),
    "a form of another boundary": (FORM, form(('name="file"', PICTURE)).replace(b"xyz", b"abc"), BadRequest),
    "a form that is cut": (FORM, form(('name="file"', PICTURE), ('name="file"', PICTURE))[:-20], BadRequest),
    "a form without its end": (FORM, form(('name="file"', PICTURE)).replace(b"--xyz--\r\n", b""), BadRequest),
    "a part without a name": (FORM, form(('filename="a.png"', PICTURE)), BadRequest),
    "a part without a header": (FORM, b"--xyz\r\n\r\npicture\r\n--xyz--\r\n", BadRequest),
    "another field": (FORM, form(('name="picture"', PICTURE)), BadRequest),
    "no boundary": ("multipart/form-data", form(('name="file"', PICTURE)), BadRequest),
    "an empty boundary": ('multipart/form-data; boundary=""', b"--\r\n", BadRequest),
    "a long boundary": (f"multipart/form-data; boundary={'x' * 201}", b"", BadRequest),
    "a boundary of other characters": ("multipart/form-data; boundary=\u00e9", b"", BadRequest),
    "cut JSON": ("application/json", b"{", BadRequest),
    "deep JSON": ("application/json", b'{"a":' * 100, BadRequest),
    "no list of objects": ("application/json", as_json([[[]]]), BadRequest),
    "an empty list": ("application/json", as_json([]), BadRequest),
    "no picture named": ("application/json", as_json({"image": "x"}), BadRequest),
    "two pictures named": ("application/json", as_json({"image_b64": B64, "image_url": "http://x"}), BadRequest),
    "a number": ("application/json", as_json({"image_b64": 7}), BadRequest),
    "no base64": ("application/json", as_json({"image_b64": "!!!"}), BadRequest),
    "not UTF-8": ("application/json", b'{"image_b64": "\xff"}', BadRequest),
    "too many base64": ("application/json", as_json({"image_b64": [B64] * 9}), RequestTooLarge),
    "too many parts": (FORM, form(*[('name="files"; filename="a"', b"x")] * 9), RequestTooLarge),
    "too many parts without a file name": (FORM, form(*[('name="files"', b"x")] * 9), RequestTooLarge),
    "too many values": ("application/json", b"[" + b"{}," * 9000, RequestTooLarge),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_body_is_rejected(name: str) -> None:
    content_type, body, kind = BAD[name]
    with pytest.raises(kind) as rejected:
        parse(content_type, body)
    assert rejected.value.message
    assert rejected.value.hint


def test_the_content_type_is_checked_before_the_body() -> None:
    for content_type in ("text/plain", "multipart/form-data"):
        with pytest.raises(DiscernError):
            body_parser(content_type, max_pictures=1)


def test_an_error_names_the_picture_of_several() -> None:
    with pytest.raises(BadRequest, match=r"Number 2 of 2: image_b64 is not valid base64: '!' at position 2\."):
        parse("application/json", as_json([{"image_b64": B64}, {"image_b64": "zz!z"}]))
    with pytest.raises(BadRequest, match=r"^wrong$"), numbered_errors(1, 1):
        raise BadRequest("wrong")


@pytest.mark.parametrize("shift", range(-12, 13))
@pytest.mark.parametrize("content", [b"\r\n--xy", b"\r\n-", b"\r", b"z"])
def test_large_parts_are_read_in_chunks_whatever_the_boundary_of_chunks_cuts(shift: int, content: bytes) -> None:
    filling = (1 << 20) - len(form(('name="file"', b""))) + shift
    parts = [b"a" * filling + content * 5, content, b"", content * 200_000]
    assert parse(FORM, form(*(('name="file"', part) for part in parts))) == (parts, True)


@given(st.binary(max_size=400), st.sampled_from([FORM, "application/json"]))
def test_any_bytes_are_parsed_or_rejected(body: bytes, content_type: str) -> None:
    for each in (body, b"--xyz\r\n" + body, form(('name="file"', PICTURE))[:60] + body):
        with contextlib.suppress(BadRequest, RequestTooLarge):
            parse(content_type, each)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=8))
def test_contents_of_a_form_are_exact(contents: list[bytes]) -> None:
    contents = [each for each in contents if b"\r\n--xyz" not in each and not each.startswith(b"--xyz")]
    if contents:
        assert parse(FORM, form(*[('name="files"; filename="a"', each) for each in contents]))[0] == contents


def test_pictures_are_answered_without_a_web_framework() -> None:
    """A request, from its body to the body of its response."""
    code = """
import sys, tempfile
from pathlib import Path
from discern.errors import DiscernError
from discern.inference.answer_json import response_json
from discern.inference.body_parsing import body_parser
from discern.inference.error_status import error_json, http_status
from discern.inference.model_registry import ModelRegistry
from tests.unit.bundle.factories import write_small
from tests.unit.inference.factories import RED
with tempfile.TemporaryDirectory() as folder:
    registry = ModelRegistry([write_small(Path(folder) / "m.discern")])
for body in (RED, b"text"):
    try:
        parsed = body_parser("image/png", max_pictures=4)(body)
        results = [each.exception() or each.result() for each in registry.submit_all(parsed.pictures)]
        print(response_json(results, is_list=parsed.is_list)["label"])
    except DiscernError as error:
        print(http_status(error), error_json(error)["error"]["code"])
registry.close()
print(*{"fastapi", "starlette", "uvicorn", "python_multipart"} & {name.split(".")[0] for name in sys.modules})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["red", "415 not_a_picture", ""]
