"""The canonical form of an archive is checked without writing it again."""

import io

from hypothesis import given
from hypothesis import strategies as st

from discern.bundle.stored_zip import is_canonical, write_zip

MEMBERS = {"a.json": b"{}", "weights": bytes(range(256)) * 40, "c": b""}


def written(members: dict[str, bytes], comment: bytes = b"comment") -> bytes:
    buffer = io.BytesIO()
    write_zip(buffer, members, comment)
    return buffer.getvalue()


def test_what_is_written_is_canonical() -> None:
    assert is_canonical(written(MEMBERS), MEMBERS, b"comment")


def test_other_members_comments_and_lengths_are_not() -> None:
    data = written(MEMBERS)
    assert not is_canonical(data, dict(reversed(MEMBERS.items())), b"comment")
    assert not is_canonical(data, MEMBERS | {"weights": MEMBERS["weights"][::-1]}, b"comment")
    assert not is_canonical(data, MEMBERS, b"Comment")
    assert not is_canonical(data + b"x", MEMBERS, b"comment")
    assert not is_canonical(data[:-1], MEMBERS, b"comment")


@given(st.integers(0, len(written(MEMBERS)) - 1), st.integers(1, 255))
def test_no_byte_may_differ(at: int, by: int) -> None:
    data = bytearray(written(MEMBERS))
    data[at] ^= by
    assert not is_canonical(bytes(data), MEMBERS, b"comment")
