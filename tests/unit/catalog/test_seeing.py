import hashlib
from collections.abc import Sequence
from functools import partial

import pytest

from discern.catalog.facts import KnownPictures
from discern.catalog.seeing import Sighting, see
from discern.catalog.sources import Item, given, refused
from discern.errors import UnreadableFile
from discern.picture import Limits
from discern.picture.looking import Looks, look
from tests.unit.catalog.built import picture

look_plainly = partial(look, limits=Limits())


@pytest.fixture
def known(tmp_path) -> KnownPictures:
    return KnownPictures(tmp_path / "cache", Limits())


def see_one(item: Item, known: KnownPictures) -> Sighting:
    (sighting,) = see([item], known, look_plainly)
    return sighting


def test_a_picture_is_seen_and_known(known):
    sighting = see_one(given("a", picture(1)), known)
    assert sighting.content == hashlib.sha256(picture(1)).hexdigest()
    assert sighting.bytes == len(picture(1))
    assert sighting.error is sighting.message is None
    assert sighting.content
    assert known.known([sighting.content]) == [True]


def test_what_is_no_picture_has_content_and_a_reason(known):
    sighting = see_one(given("a", b"hello"), known)
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
    items = [given("a", picture(1)), given("b", b"hello"), refused("c", UnreadableFile("gone")), given("d", picture(2))]
    seen = see(items, known, look_plainly)
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

    def look_and_tell(files: Sequence[bytes]) -> Looks:
        asked.extend(files)
        return look(files, Limits())

    items = [given(name, data) for name, data in (("a", picture(1)), ("b", picture(1)), ("c", b"no"), ("d", b"no"))]
    first, again = see(items, known, look_and_tell), see(items[:2], known, look_and_tell)
    assert asked == [picture(1), b"no"]
    assert [sighting.error for sighting in first] == [None, None, "not_a_picture", "not_a_picture"]
    assert again == first[:2]


def test_few_large_files_are_held_at_a_time(known):
    largest = 0

    def look_and_weigh(files: Sequence[bytes]) -> Looks:
        nonlocal largest
        largest = max(largest, sum(map(len, files)))
        return look(files, Limits())

    items = [given(str(number), picture(number) + bytes(1 << 20)) for number in range(12)]
    assert len(see(items, known, look_and_weigh)) == 12
    assert largest < 6 << 20
