import struct

import pytest
from PIL import Image

from discern.picture.exif import Directory, orientation


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_both_byte_orders(value, order):
    assert orientation(_block([(0x0112, 3, 1, value)], order)) == value


def test_what_pillow_writes_is_read():
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
    ],
)
def test_a_damaged_block_means_upright(block):
    assert orientation(block) == 1


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_an_orientation_that_does_not_exist_means_upright(value):
    assert orientation(_block([(0x0112, 3, 1, value)])) == 1


@pytest.mark.parametrize("entry", [(0x0112, 3, 2**31, 6), (0x0112, 2, 1, 6), (0x0112, 99, 1, 6)])
def test_an_orientation_in_a_wrong_form_means_upright(entry):
    assert orientation(_block([entry])) == 1


def test_values_that_do_not_fit_in_the_entry_are_found_where_they_are():
    data = _block([(273, 4, 3, 26)]) + struct.pack("<3L", 5, 6, 7)
    assert Directory(data).values(273, most=3) == (5, 6, 7)
    assert Directory(data).values(273, most=2) == ()
    assert Directory(data[:-1]).values(273, most=3) == ()
    assert Directory(data).values(999, most=3) == ()


def test_a_large_tiff_is_read_too():
    data = b"II+\0\x08\0\0\0" + struct.pack("<QQHHQQQ", 16, 1, 0x0112, 3, 1, 8, 0)
    assert orientation(data) == 8


def test_another_directory_after_the_first_is_seen():
    alone = _block([(256, 4, 1, 10)])
    assert not Directory(alone).more
    assert Directory(alone[:-4] + struct.pack("<L", 8)).more


def test_of_a_tag_written_twice_the_first_counts():
    assert orientation(_block([(0x0112, 3, 1, 6), (0x0112, 3, 1, 3)])) == 6


def _block(entries, order="<"):
    data = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HLH", 42, 8, len(entries))
    for tag, kind, count, value in entries:
        data += struct.pack(f"{order}HHL", tag, kind, count)
        data += struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}L", value)
    return data + b"\0\0\0\0"
