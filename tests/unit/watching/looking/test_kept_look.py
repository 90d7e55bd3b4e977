"""What a look keeps comes back as it was, or is refused as damaged or of another version."""

import pytest

from discern.errors import StoreError
from discern.watching.looking.kept_look import VERSION, pack_look, unpack_look

HEADER = {"row": 7, "names": ["ç"], "none": None}
PARTS = {"audit": b"\x00\x01", "drift": b"", "more": b"abc"}


def test_header_and_parts_come_back() -> None:
    assert unpack_look(pack_look(HEADER, PARTS)) == (HEADER, PARTS)
    assert pack_look(HEADER, PARTS) == pack_look(HEADER, PARTS)


def test_any_changed_byte_is_noticed() -> None:
    packed = pack_look(HEADER, PARTS)
    for place in range(len(packed)):
        changed = packed[:place] + bytes([packed[place] ^ 1]) + packed[place + 1 :]
        with pytest.raises(StoreError):
            unpack_look(changed)


@pytest.mark.parametrize("data", [b"", b"discern-look", b"x" * 200])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        unpack_look(data)


def test_another_version_is_named() -> None:
    packed = bytearray(pack_look(HEADER, PARTS))
    packed[12:16] = (VERSION + 1).to_bytes(4, "little")
    with pytest.raises(StoreError, match=f"version {VERSION + 1}"):
        unpack_look(bytes(packed))
