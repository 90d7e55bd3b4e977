import io
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from discern.picture import Limits
from discern.picture.capture_time import capture_time
from discern.picture.picture_facts import decode_facts

ORIGINAL, FRACTION, OFFSET, DIGITISED, FILE = 0x9003, 0x9291, 0x9011, 0x9004, 0x0132
NOON = int(datetime(2024, 1, 31, 12, 0, 5, tzinfo=UTC).timestamp() * 1000)


def exif_block(tags, file_time=None):
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(tags)
    if file_time:
        exif[FILE] = file_time
    return exif.tobytes()


@pytest.mark.parametrize(
    ("tags", "time"),
    [
        ({ORIGINAL: "2024:01:31 12:00:05"}, NOON),
        ({ORIGINAL: "2024-01-31T12:00:05"}, NOON),
        ({ORIGINAL: "2024:01:31 12:00:05", FRACTION: "5"}, NOON + 500),
        ({ORIGINAL: "2024:01:31 12:00:05", FRACTION: "123456"}, NOON + 123),
        ({ORIGINAL: "2024:01:31 12:00:05", FRACTION: " x"}, NOON),
        ({ORIGINAL: "2024:01:31 14:00:05", OFFSET: "+02:00"}, NOON),
        ({ORIGINAL: "2024:01:31 06:30:05", OFFSET: "-05:30"}, NOON),
        ({DIGITISED: "2024:01:31 12:00:05"}, NOON),
        ({ORIGINAL: "0000:00:00 00:00:00", DIGITISED: "2024:01:31 12:00:05"}, NOON),
        ({ORIGINAL: "1970:01:01 00:00:00"}, None),
        ({ORIGINAL: "2024:02:31 12:00:05"}, None),
        ({ORIGINAL: "9999:12:31 23:59:59", OFFSET: "-99:59"}, 253402660739000),
        ({ORIGINAL: "    :  :     :  :  "}, None),
        ({}, None),
    ],
)
def test_the_time_of_capture_is_read(tags, time):
    assert capture_time(exif_block(tags)) == time


def test_the_time_of_the_last_program_is_not_that_of_the_capture():
    assert capture_time(exif_block({}, "2024:01:31 12:00:05")) is None


@pytest.mark.parametrize("length", range(0, 160, 5))
def test_a_truncated_block_gives_no_false_time(length):
    whole = exif_block({ORIGINAL: "2024:01:31 12:00:05", FRACTION: "120"})
    assert capture_time(whole[:length]) in (None, NOON, NOON + 120)


@pytest.mark.parametrize("data", [b"", b"Exif\0\0", b"hello", b"II*\0\xff\xff\xff\xff"])
def test_invalid_blocks_have_no_time(data):
    assert capture_time(data) is None


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_time_is_a_fact_of_a_picture(form):
    file = io.BytesIO()
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(
        file, form, exif=exif_block({ORIGINAL: "2024:01:31 12:00:05"})
    )
    assert decode_facts(file.getvalue(), Limits()).facts[0]["taken"] == NOON
