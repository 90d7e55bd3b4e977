"""Base64: what usual encoders write is decoded, all else is an error with its position, and nothing is guessed."""

import base64
import random
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.inference.base64_text import decode_base64

LONG = random.Random(0).randbytes(400_001)


def decode(text: str, step: int = 1000) -> bytes:
    data = text.encode()
    return decode_base64(data[at : at + step] for at in range(0, len(data), step))


def wrapped(text: str, width: int, end: str) -> str:
    return end.join(text[at : at + width] for at in range(0, len(text), width)) + end


@pytest.mark.parametrize("size", [1, 2, 3, 57, 58, 20_000, 20_001, 20_002])
@pytest.mark.parametrize("step", [7, 1000])
@pytest.mark.parametrize(
    "write",
    [
        str,
        lambda text: text.rstrip("="),
        lambda text: wrapped(text, 76, "\r\n"),
        lambda text: wrapped(text, 64, "\n"),
        lambda text: wrapped(text, 70, "\n").rstrip("=\n"),
        lambda text: wrapped(text, 76, " "),
        lambda text: wrapped(text, 76, "\n    "),
        lambda text: f"  {text}\t",
        lambda text: text.translate(str.maketrans("+/", "-_")).rstrip("="),
    ],
)
def test_what_encoders_write_is_decoded(size: int, step: int, write: Callable[[str], str]) -> None:
    assert decode(write(base64.b64encode(LONG[-size:]).decode()), step) == LONG[-size:]


@pytest.mark.parametrize(
    "begin", ["data:image/jpeg;base64,", "\nDATA:image/png;name=a.png;base64,\r\n", "data:;base64,"]
)
def test_a_data_url_is_decoded(begin: str) -> None:
    assert decode(begin + wrapped(base64.b64encode(LONG).decode(), 76, "\n")) == LONG


@pytest.mark.parametrize("at", [0, 5, 999, 1000, 4321])
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [("!", "'!' at"), ("é", "outside ASCII at"), ("\0", "x00' at"), ("%", "'%' at"), (".", r"'\.' at"), ('"', "at")],
)
def test_other_characters_are_named_with_their_position(at: int, wrong: str, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"{reason}.* position {at}$"):
        decode("A" * at + wrong + "A" * (6000 - at))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("QUJ=QUJD", "data after padding at position 4"),
        ("QQ==\nQQ==", "data after padding at position 5"),
        ("QUJDRA===", "too many equals signs before position 9"),
        ("QUJD=", "too many equals signs"),
        ("=", "too many equals signs"),
        ("QUJDR", "ends in the middle of a byte, at position 5"),
        ("data:image/svg+xml,<svg>", "':' at position 4"),
        ("data:image/png;base64", "':' at position 4"),
        ("data:image/png;base64,QU!D", "'!' at position 24"),
    ],
)
def test_damaged_base64_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode(text)


def test_lost_plus_signs_are_rejected() -> None:
    """An unescaped form turns each plus sign into a blank; without them, the rest would be other bytes."""
    for size in (20, 100, 5000, 50_000):
        for start in range(30):
            text = base64.b64encode(LONG[start : start + size]).decode()
            for lost in (text.replace("+", " "), text.replace("+", " ").rstrip("="), text.replace("+", " ", 1)):
                if lost in (text, text.rstrip("=")):
                    continue
                with pytest.raises(ValueError, match=r"blank|plus|middle of a byte"):
                    decode(lost)


@given(st.binary(max_size=60), st.integers(1, 9), st.integers(0, 60))
def test_a_blank_in_place_of_a_character_is_never_decoded(data: bytes, step: int, at: int) -> None:
    text = base64.b64encode(data).decode().rstrip("=")
    if at < len(text):
        with pytest.raises(ValueError, match="at position"):
            decode(text[:at] + " " + text[at + 1 :], step)


@given(st.binary(max_size=200), st.integers(1, 30), st.integers(1, 9))
def test_lines_may_have_any_length(data: bytes, width: int, step: int) -> None:
    text = base64.b64encode(data).decode()
    assert decode("\n".join(textwrap.wrap(text, width)), step) == data
