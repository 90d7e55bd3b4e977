"""Untrusted JSON is bounded before and after it is parsed."""

import json
from typing import Any

import pytest

from discern.bundle.strict_json import (
    Check,
    flag,
    list_of,
    null_or,
    number,
    object_of,
    parse_strict_json,
    record,
    text,
    whole,
)


@pytest.mark.parametrize("value", [{}, [], 0, -1.5, "ä \U0001f600", None, True, {"a": [{"b": [1, 2.5, None]}]}])
def test_plain_json_is_parsed(value: Any) -> None:
    for ascii_only in (True, False):
        assert parse_strict_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b" " * (16 << 20) + b"{}", "larger than 16 MiB"),
        (b"[" + b"[]," * 200_000 + b"[]]", "more than 400,000 values"),
        (b"[" + b"1," * 400_000 + b"1]", "more than 400,000 values"),
        (b"[" * 30 + b"]" * 30, "nested"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "nested"),
        (b"[" * 100_000, "nested"),
        (json.dumps("x" * 20_001).encode(), "20,000 characters"),
        (json.dumps({"x" * 20_001: 1}).encode(), "20,000 characters"),
        (b'{"a": 1, "b": 2, "a": 1}', "'a' more than once"),
        (b'[{"a": {"": 1, "": 1}}]', "more than once"),
        (b'"\\ud83d"', "surrogate"),
        (b'["\\ude00\\ud83d"]', "surrogate"),
        (b'"\xed\xa0\x80"', "decode"),
        (b"1e999", "finite"),
        (b"-Infinity", "finite"),
        (b"1" * 309, "309 digits"),
        (b"", "Expecting value"),
        (b"{} {}", "Extra data"),
    ],
)
def test_anything_else_is_rejected(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        parse_strict_json(data)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("check", "valid", "invalid"),
    [
        (number(), [0, -1.5, 10**15], [True, "1", None, [1], float("nan"), float("inf"), 10**400]),
        (number(0, 1), [0, 1, 0.5], [-0.1, 1.1, False]),
        (number(0, above=True), [0.1], [0, -1]),
        (whole(1, 3), [1, 3], [0, 4, 1.0, True]),
        (text(3), ["", "abc"], ["abcd", 3, None]),
        (flag, [True, False], [0, 1, "true", None]),
        (null_or(text(3)), [None, "a"], [3]),
        (list_of(flag, 2), [[], [True, False]], [[True] * 3, (True,), "ab", {}]),
        (object_of(flag), [{}, {"a": True}], [{"a": 1}, [], None]),
        (record({"a": flag}, required=("a",)), [{"a": True}, {"a": True, "b": 1}], [{}, {"a": 1}, []]),
        (record({"a": flag}, closed=True), [{}, {"a": True}], [{"b": 1}]),
    ],
)
def test_checks_name_the_place_of_a_value(check: Check, valid: list[Any], invalid: list[Any]) -> None:
    for value in valid:
        check(value, "here")
    for value in invalid:
        with pytest.raises(ValueError, match=r"^here"):
            check(value, "here")


def test_a_message_has_no_control_characters_of_a_key() -> None:
    with pytest.raises(ValueError, match=r"must be") as raised:
        object_of(object_of(flag))({"\x1b[31m": {"x" * 500: 1}}, "here")
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 200
