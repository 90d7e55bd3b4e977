from io import BytesIO

import pytest
from PIL import Image

from discern.picture.jpeg_structure import MAX_PARTS, parse_jpeg


def encode(size=(40, 30), mode="RGB", **options):
    file = BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def test_a_baseline_jpeg_is_described():
    data = encode()
    jpeg = parse_jpeg(data)
    assert (jpeg.width, jpeg.height, jpeg.unit, jpeg.scans) == (40, 30, (16, 16), 1)
    assert jpeg.data_end == len(data) - 2
    assert (jpeg.has_end, jpeg.is_clean, jpeg.is_covered, jpeg.is_plain) == (True, True, True, True)
    assert (jpeg.is_progressive, jpeg.is_buffered, jpeg.coefficient_bytes) == (False, False, 0)


@pytest.mark.parametrize(
    ("mode", "subsampling", "blocks"), [("L", 0, 20), ("RGB", 0, 60), ("RGB", 2, 36), ("CMYK", 0, 80)]
)
def test_the_coefficients_of_a_progressive_jpeg_are_those_of_its_components(mode, subsampling, blocks):
    jpeg = parse_jpeg(encode(mode=mode, progressive=True, subsampling=subsampling))
    assert (jpeg.is_buffered, jpeg.is_covered) == (True, True)
    assert jpeg.scans > 1
    assert jpeg.coefficient_bytes == 128 * blocks


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_scans_behind_the_end_are_not_counted(options):
    data = encode(**options)
    jpeg = parse_jpeg(data)
    for behind in (data, data[data.index(b"\xff\xda") :] * 99, bytes(99)):
        assert parse_jpeg(data + behind) == jpeg
    assert parse_jpeg(data[:-2] + b"\xff\xd8" + data).scans == jpeg.scans


def test_an_end_marker_behind_other_segments_does_not_follow_directly():
    data = encode()
    jpeg = parse_jpeg(data[:-2] + b"\xff\xfe\0\4hi" + data[-2:])
    assert (jpeg.has_end, jpeg.is_clean, jpeg.data_end) == (True, False, len(data) - 2)


def test_a_progressive_jpeg_that_lacks_scans_is_not_covered():
    data = encode(progressive=True)
    assert not parse_jpeg(data[: data.rindex(b"\xff\xda")]).is_covered


def test_restart_intervals_are_noticed():
    assert parse_jpeg(encode(restart_marker_rows=1)).has_restarts
    assert not parse_jpeg(encode()).has_restarts


def test_parsing_stops_at_too_many_parts():
    assert parse_jpeg(b"\xff\xd8" + b"\xff\xfe\0\2" * 3 * MAX_PARTS).parts == MAX_PARTS + 1


def test_any_cut_is_parsed():
    for data in (encode(), encode(progressive=True)):
        for length in range(len(data)):
            jpeg = parse_jpeg(data[:length])
            assert jpeg.data_end <= length
            assert not jpeg.has_end
