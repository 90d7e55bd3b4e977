import threading
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import PictureTooLarge
from discern.picture import Limits, open_picture, read_header
from discern.picture.memory import MemoryShare, to_array


def coded(mode: str, form: str, side: int = 100, **options: object) -> bytes:
    file = BytesIO()
    Image.new(mode, (side, side)).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "each"),
    [
        (coded("RGB", "PNG"), 7),
        (coded("RGBA", "PNG"), 15),
        (coded("F", "TIFF"), 12),
        (coded("RGB", "WEBP"), 16),
        (coded("CMYK", "JPEG"), 12),
        (coded("CMYK", "JPEG", progressive=True), 18),
    ],
)
def test_what_takes_more_memory_than_allowed_is_named_and_not_decoded(data, each):
    assert open_picture(data, limits=Limits(max_memory=each * 10_000)).shape == (100, 100, 3)
    with pytest.raises(PictureTooLarge, match="would take") as caught:
        open_picture(data, limits=Limits(max_memory=each * 10_000 - 1))
    assert caught.value.hint
    assert read_header(data, limits=Limits(max_memory=1)).width == 100


def test_a_jpeg_that_is_needed_small_takes_little():
    data = coded("RGB", "JPEG", 800)
    assert open_picture(data, shortest=100, limits=Limits(max_memory=70_000)).shape == (100, 100, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 300), (257, 255), (70, 512), (5, 513)])
def test_bands_of_rows_are_the_same_picture(size):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    given = to_array(Image.fromarray(pixels))
    assert np.array_equal(given, pixels)
    assert given.flags.c_contiguous
    assert not given.flags.writeable


def test_floats_keep_one_range_over_all_rows():
    values = np.zeros((600, 4), np.float32)
    values[0], values[300], values[599] = -7, np.nan, 3
    file = BytesIO()
    Image.fromarray(values).save(file, "TIFF")
    pixels = open_picture(file.getvalue())
    assert pixels[[0, 300, 599, 500], 0, 0].tolist() == [0, 0, 255, round(7 / 10 * 255)]


def test_what_does_not_fit_beside_others_waits_and_the_largest_goes_alone():
    share, order = MemoryShare(10), []

    def take(name: str, size: int, begun: threading.Event, leave: threading.Event) -> None:
        with share.taken(size):
            order.append(name)
            begun.set()
            leave.wait(20)

    events = {name: (threading.Event(), threading.Event()) for name in ("small", "other", "huge")}
    sizes = {"small": 6, "other": 4, "huge": 99}
    threads = [threading.Thread(target=take, args=(name, sizes[name], *events[name])) for name in events]
    for thread, name in zip(threads[:2], events, strict=False):
        thread.start()
        assert events[name][0].wait(20)
    threads[2].start()
    assert not events["huge"][0].wait(0.05)
    events["small"][1].set()
    assert not events["huge"][0].wait(0.05)
    events["other"][1].set()
    assert events["huge"][0].wait(20)
    events["huge"][1].set()
    for thread in threads:
        thread.join(20)
    assert order == ["small", "other", "huge"]
    with share.taken(10):
        pass


def test_memory_is_given_back_when_decoding_fails():
    share = MemoryShare(10)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), share.taken(10):
            raise ZeroDivisionError
    with share.taken(10):
        pass
