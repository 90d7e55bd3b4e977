import threading
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import PictureTooLarge
from discern.picture import Limits, open_picture, read_header
from discern.picture.memory import MemoryBudget, to_array


def encoded(mode: str, form: str, side: int = 100, **options: object) -> bytes:
    file = BytesIO()
    Image.new(mode, (side, side)).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "pixel_bytes"),
    [
        (encoded("RGB", "PNG"), 7),
        (encoded("RGBA", "PNG"), 15),
        (encoded("F", "TIFF"), 12),
        (encoded("RGB", "WEBP"), 16),
        (encoded("CMYK", "JPEG"), 12),
        # 13 x 13 blocks of 128 bytes for each of four components
        (encoded("CMYK", "JPEG", progressive=True), 12 + 8.6528),
    ],
)
def test_a_picture_beyond_the_memory_limit_is_not_decoded(data, pixel_bytes):
    assert open_picture(data, limits=Limits(max_memory=round(pixel_bytes * 10_000))).shape == (100, 100, 3)
    with pytest.raises(PictureTooLarge, match="would need") as caught:
        open_picture(data, limits=Limits(max_memory=round(pixel_bytes * 10_000) - 1))
    assert caught.value.hint
    assert read_header(data, limits=Limits(max_memory=1)).width == 100


def test_a_reduced_jpeg_needs_little_memory():
    data = encoded("RGB", "JPEG", 800)
    assert open_picture(data, min_side=100, limits=Limits(max_memory=70_000)).shape == (100, 100, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 300), (257, 255), (70, 512), (5, 513)])
def test_copying_in_bands_keeps_the_picture(size):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    copied = to_array(Image.fromarray(pixels))
    assert np.array_equal(copied, pixels)
    assert copied.flags.c_contiguous
    assert not copied.flags.writeable


def test_floats_are_scaled_by_one_range_over_all_rows():
    values = np.zeros((600, 4), np.float32)
    values[0], values[300], values[599] = -7, np.nan, 3
    file = BytesIO()
    Image.fromarray(values).save(file, "TIFF")
    pixels = open_picture(file.getvalue())
    assert pixels[[0, 300, 599, 500], 0, 0].tolist() == [0, 0, 255, round(7 / 10 * 255)]


def test_a_reservation_waits_for_room_and_an_oversized_one_for_all_others():
    budget, order = MemoryBudget(10), []

    def take(name: str, size: int, entered: threading.Event, leave: threading.Event) -> None:
        with budget.reserve(size):
            order.append(name)
            entered.set()
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
    with budget.reserve(10):
        pass


def test_memory_is_released_when_decoding_fails():
    budget = MemoryBudget(10)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.reserve(10):
            raise ZeroDivisionError
    with budget.reserve(10):
        pass


def test_a_reset_budget_has_no_reservations():
    budget = MemoryBudget(10)
    with budget.reserve(10):
        budget.reset()
        with budget.reserve(10):
            pass
