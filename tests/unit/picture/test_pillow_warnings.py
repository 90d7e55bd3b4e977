import struct
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.picture import open_picture
from discern.picture.pillow_warnings import pillow_warnings


def test_other_warnings_are_still_heard_inside():
    with pytest.warns(UserWarning, match="mine"), pillow_warnings:
        warnings.warn("mine", stacklevel=1)


def test_filters_are_as_before_once_everybody_has_left():
    before = list(warnings.filters)
    with pillow_warnings, pillow_warnings:
        assert list(warnings.filters) != before
    assert list(warnings.filters) == before


def test_who_leaves_first_does_not_wake_the_others():
    before, entered, leave = list(warnings.filters), threading.Barrier(2), threading.Event()

    def stay():
        with pillow_warnings:
            entered.wait(5)
            leave.wait(5)

    thread = threading.Thread(target=stay)
    thread.start()
    with pillow_warnings:
        entered.wait(5)
    assert list(warnings.filters) != before
    leave.set()
    thread.join()
    assert list(warnings.filters) == before


def test_pictures_that_make_pillow_warn_open_silently_in_many_threads():
    file = BytesIO()
    Image.new("RGB", (20, 20), "red").save(file, "TIFF", dpi=(72, 72))
    # The resolution's values are said to lie far behind the end of the file.
    place = file.getvalue().index(struct.pack("<HHL", 282, 5, 1)) + 8
    data = file.getvalue()[:place] + b"\xf0\xff\xff\x7f" + file.getvalue()[place + 4 :]
    with pytest.warns(UserWarning, match="Truncated"):
        Image.open(BytesIO(data)).load()
    with warnings.catch_warnings(record=True) as heard, ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("always")
        opened = list(pool.map(lambda _: open_picture(data), range(40)))
    assert not heard
    assert all(np.array_equal(pixels, opened[0]) for pixels in opened)
