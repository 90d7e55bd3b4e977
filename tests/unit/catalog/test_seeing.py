import hashlib

import pytest

from discern.catalog.facts import KnownPictures
from discern.catalog.seeing import see
from discern.catalog.sources import Item, given, refused
from discern.errors import UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.built import picture


@pytest.fixture
def known(tmp_path) -> KnownPictures:
    return KnownPictures(tmp_path / "cache", Limits())


def test_a_picture_is_seen_and_known(known):
    sighting = see(given("a", picture(1)), known, Limits())
    assert sighting.content == hashlib.sha256(picture(1)).hexdigest()
    assert sighting.bytes == len(picture(1))
    assert sighting.error is sighting.message is None
    assert sighting.content in known


def test_what_is_no_picture_has_content_and_a_reason(known):
    sighting = see(given("a", b"hello"), known, Limits())
    assert (sighting.error, sighting.bytes) == ("not_a_picture", 5)
    assert sighting.message
    assert sighting.content not in known


def test_what_cannot_be_read_has_a_reason_only(known):
    error = UnreadableFile("a\udcff is a pipe.", hint="Mend it.")
    sighting = see(refused("a", error, archive="z"), known, Limits())
    assert (sighting.error, sighting.content, sighting.bytes, sighting.archive) == ("unreadable_file", None, None, "z")
    assert sighting.message is not None
    assert sighting.message.encode().endswith(b" is a pipe. Mend it.")


def test_what_a_table_declared_goes_along(known):
    item = Item(path="a", load=lambda: picture(1), label="x", part="test", group="g")
    sighting = see(item, known, Limits())
    assert (sighting.label, sighting.part, sighting.group) == ("x", "test", "g")
