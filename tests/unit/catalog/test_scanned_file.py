import hashlib
from collections.abc import Sequence
from functools import partial

import pytest

from discern.catalog.formats.source import Item, as_source, refused
from discern.catalog.picture_cache import PictureCache
from discern.catalog.scanned_file import ScannedFile, scan_files
from discern.errors import UnreadableFile
from discern.picture import Limits
from discern.picture.picture_facts import PictureFacts, read_facts
from tests.unit.catalog.factories import picture

look_plainly = partial(read_facts, limits=Limits())


@pytest.fixture
def known(tmp_path) -> PictureCache:
    return PictureCache(tmp_path / "cache", Limits())


def see_one(item: Item, known: PictureCache) -> ScannedFile:
    (sighting,) = scan_files([item], known, look_plainly)
    return sighting


def test_a_picture_is_seen_and_known(known):
    sighting = see_one(as_source("a", picture(1)), known)
    assert sighting.content == hashlib.sha256(picture(1)).hexdigest()
    assert sighting.bytes == len(picture(1))
    assert sighting.error is sighting.message is None
    assert sighting.content
    assert known.known([sighting.content]) == [True]


def test_what_is_no_picture_has_content_and_a_reason(known):
    sighting = see_one(as_source("a", b"hello"), known)
    assert (sighting.error, sighting.bytes) == ("not_a_picture", 5)
    assert sighting.message
    assert sighting.content
    assert known.known([sighting.content]) == [False]


def test_what_cannot_be_read_has_a_reason_only(known):
    error = UnreadableFile("a\udcff is a pipe.", hint="Mend it.")
    sighting = see_one(refused("a", error, archive="z"), known)
    assert (sighting.error, sighting.content, sighting.bytes, sighting.archive) == ("unreadable_file", None, None, "z")
    assert sighting.message is not None
    assert sighting.message.encode().endswith(b" is a pipe. Mend it.")


def test_what_a_table_declared_goes_along(known):
    item = Item(path="a", load=lambda: picture(1), label="x", part="test", group="g")
    sighting = see_one(item, known)
    assert (sighting.label, sighting.part, sighting.group) == ("x", "test", "g")


def test_several_are_seen_in_their_order(known):
    items = [
        as_source("a", picture(1)),
        as_source("b", b"hello"),
        refused("c", UnreadableFile("gone")),
        as_source("d", picture(2)),
    ]
    seen = scan_files(items, known, look_plainly)
    assert [(sighting.path, sighting.error) for sighting in seen] == [
        ("a", None),
        ("b", "not_a_picture"),
        ("c", "unreadable_file"),
        ("d", None),
    ]
    known.keep()
    assert seen[3].content
    assert known.facts([seen[3].content])["width"].tolist() == [12]


def test_what_is_there_twice_or_known_is_looked_at_once(known):
    asked: list[bytes] = []

    def look_and_tell(files: Sequence[bytes]) -> PictureFacts:
        asked.extend(files)
        return read_facts(files, Limits())

    items = [as_source(name, data) for name, data in (("a", picture(1)), ("b", picture(1)), ("c", b"no"), ("d", b"no"))]
    first, again = scan_files(items, known, look_and_tell), scan_files(items[:2], known, look_and_tell)
    assert asked == [picture(1), b"no"]
    assert [sighting.error for sighting in first] == [None, None, "not_a_picture", "not_a_picture"]
    assert again == first[:2]


def test_few_large_files_are_held_at_a_time(known):
    largest = 0

    def look_and_weigh(files: Sequence[bytes]) -> PictureFacts:
        nonlocal largest
        largest = max(largest, sum(map(len, files)))
        return read_facts(files, Limits())

    items = [as_source(str(number), picture(number) + bytes(1 << 20)) for number in range(12)]
    assert len(scan_files(items, known, look_and_weigh)) == 12
    assert largest < 6 << 20
