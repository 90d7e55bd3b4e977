import struct
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.picture import open_picture
from discern.picture.pillow_warnings import suppress_pillow_warnings


def test_other_warnings_are_still_raised_inside():
    with pytest.warns(UserWarning, match="mine"), suppress_pillow_warnings:
        warnings.warn("mine", stacklevel=1)


def test_filters_are_restored_after_the_last_exit():
    before = list(warnings.filters)
    with suppress_pillow_warnings, suppress_pillow_warnings:
        assert list(warnings.filters) != before
    assert list(warnings.filters) == before


def test_the_first_thread_to_leave_does_not_restore_the_filters():
    before, entered, leave = list(warnings.filters), threading.Barrier(2), threading.Event()

    def stay():
        with suppress_pillow_warnings:
            entered.wait(5)
            leave.wait(5)

    thread = threading.Thread(target=stay)
    thread.start()
    with suppress_pillow_warnings:
        entered.wait(5)
    assert list(warnings.filters) != before
    leave.set()
    thread.join()
    assert list(warnings.filters) == before


def test_pictures_that_make_pillow_warn_open_without_warnings_in_threads():
    file = BytesIO()
    Image.new("RGB", (20, 20), "red").save(file, "TIFF", dpi=(72, 72))
    # The offset of the resolution points far beyond the end of the file.
    offset = file.getvalue().index(struct.pack("<HHL", 282, 5, 1)) + 8
    data = file.getvalue()[:offset] + b"\xf0\xff\xff\x7f" + file.getvalue()[offset + 4 :]
    with pytest.warns(UserWarning, match="Truncated"):
        Image.open(BytesIO(data)).load()
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("always")
        opened = list(pool.map(lambda _: open_picture(data), range(40)))
    assert not caught
    assert all(np.array_equal(pixels, opened[0]) for pixels in opened)
