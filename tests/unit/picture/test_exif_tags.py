import struct

import pytest
from PIL import Image

from discern.picture.exif_tags import Directory, orientation


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_both_byte_orders(value, order):
    assert orientation(_block([(0x0112, 3, 1, value)], order)) == value


def test_a_block_written_by_pillow_is_read():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a maker of cameras"
    assert orientation(exif.tobytes()) == 6


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"II",
        b"II*\0",
        b"XX*\0\x08\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"\0" * 100,
        # 64-bit offsets of BigTIFF, of the directory and of a value, beyond what a machine can address.
        b"II+\0\x08\0\0\0" + b"\xff" * 8,
        b"MM\0+\0\x08\0\0" + b"\xff" * 8,
        struct.pack("<2sHHHQQHHQQ", b"II", 43, 8, 0, 16, 1, 0x0112, 3, 2**40, 2**64 - 1),
    ],
)
def test_a_damaged_block_counts_as_upright(block):
    assert orientation(block) == 1


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_an_undefined_orientation_counts_as_upright(value):
    assert orientation(_block([(0x0112, 3, 1, value)])) == 1


@pytest.mark.parametrize("entry", [(0x0112, 3, 2**31, 6), (0x0112, 2, 1, 6), (0x0112, 99, 1, 6)])
def test_an_orientation_of_another_type_or_count_counts_as_upright(entry):
    assert orientation(_block([entry])) == 1


def test_values_too_large_for_the_entry_are_read_at_their_offset():
    data = _block([(273, 4, 3, 26)]) + struct.pack("<3L", 5, 6, 7)
    assert Directory(data).values(273, most=3) == (5, 6, 7)
    assert Directory(data).values(273, most=2) == ()
    assert Directory(data[:-1]).values(273, most=3) == ()
    assert Directory(data).values(999, most=3) == ()


def test_bigtiff_is_read():
    data = b"II+\0\x08\0\0\0" + struct.pack("<QQHHQQQ", 16, 1, 0x0112, 3, 1, 8, 0)
    assert orientation(data) == 8


def test_a_second_directory_is_reported():
    single = _block([(256, 4, 1, 10)])
    assert not Directory(single).has_next
    assert Directory(single[:-4] + struct.pack("<L", 8)).has_next


def test_the_first_of_duplicate_tags_counts():
    assert orientation(_block([(0x0112, 3, 1, 6), (0x0112, 3, 1, 3)])) == 6


def _block(entries, order="<"):
    data = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HLH", 42, 8, len(entries))
    for tag, field_type, count, value in entries:
        data += struct.pack(f"{order}HHL", tag, field_type, count)
        data += struct.pack(f"{order}HH", value, 0) if field_type == 3 else struct.pack(f"{order}L", value)
    return data + b"\0\0\0\0"
