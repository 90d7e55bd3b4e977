import io

import numpy as np
from PIL import Image

from discern.catalog.looking import Eyes
from discern.picture import Limits
from discern.picture.looking import Looks, look
from tests.unit.catalog.built import picture

MANY = [picture(number) for number in range(1000)]


def alike(one: Looks, other: Looks) -> bool:
    same = one.problems == other.problems and np.array_equal(one.thumbs, other.thumbs)
    return same and one.facts.tobytes() == other.facts.tobytes()


def test_helpers_see_what_is_seen_here():
    files = [*MANY[:50], b"hello", b"", *MANY[50:60]]
    with Eyes(Limits(), helpers=True) as eyes:
        eyes(MANY)
        assert alike(eyes(files), look(files, Limits()))


def test_what_needs_much_memory_is_looked_at_here():
    file = io.BytesIO()
    Image.new("RGB", (4000, 3000), "red").save(file, "PNG")
    limits = Limits(max_memory=4000 * 3000 * 7)
    with Eyes(limits, helpers=True) as eyes:
        eyes(MANY)
        looks = eyes([MANY[0], file.getvalue()])
        refused = Eyes(Limits(max_memory=10), helpers=True)([file.getvalue()])
    assert looks.problems == {}
    assert looks.facts["width"].tolist() == [12, 4000]
    assert refused.problems[0].code == "too_large"


def test_a_helper_that_was_killed_is_done_without():
    with Eyes(Limits(), helpers=True) as eyes:
        eyes(MANY)
        eyes(MANY[:2])
        for helper in eyes._helpers:
            helper._process.kill()
        for _ in range(3):
            assert alike(eyes(MANY[:5]), look(MANY[:5], Limits()))


def test_few_pictures_begin_no_process():
    with Eyes(Limits(), helpers=True) as eyes:
        for start in range(0, 900, 100):
            eyes(MANY[start : start + 100])
        assert eyes._helpers == []
