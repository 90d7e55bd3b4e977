"""Files that hold many pictures are recognised by their names and first bytes."""

import numpy as np

from discern.catalog.formats.picture_container import (
    begins_container,
    container_limits,
    names_container,
    read_container,
)
from discern.picture import Limits
from tests.unit.catalog.factories import captured, cifar_batch, picture

BATCH = cifar_batch(np.zeros((1, 3072), np.uint8), [0])


def test_names_and_content_must_agree() -> None:
    assert begins_container("x/train", BATCH)
    assert begins_container("x/c.jsonl", captured(picture(1)))
    assert not begins_container("x/train", captured(picture(1)))
    assert not begins_container("x/c.jsonl", BATCH)
    assert not names_container("x/c.json")


def test_each_is_read_in_its_own_way() -> None:
    (one,) = read_container("train", BATCH, archive="train", limits=Limits())
    (other,) = read_container("c.jsonl", captured(picture(1), event="a"), archive="c.jsonl", limits=Limits())
    assert (one.path, one.label, other.path, other.label) == ("train!/0.png", "0", "c.jsonl!/a.png", None)


def test_containers_may_be_larger_than_pictures() -> None:
    assert container_limits(Limits(max_bytes=1)).max_bytes > 150 << 20
    assert container_limits(Limits(max_bytes=1 << 40)).max_bytes == 1 << 40
