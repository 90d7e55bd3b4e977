import hashlib
from collections.abc import Sequence
from functools import partial

import pytest

from discern.catalog.formats.source import Item, item_from_bytes, unreadable_item
from discern.catalog.picture_cache import PictureCache
from discern.catalog.scanned_file import ScannedFile, scan_files
from discern.errors import UnreadableFile
from discern.picture import Limits
from discern.picture.picture_facts import PictureFacts, read_facts
from tests.unit.catalog.factories import picture

READ_FACTS = partial(read_facts, limits=Limits())


@pytest.fixture
def cache(tmp_path) -> PictureCache:
    return PictureCache(tmp_path / "cache", Limits())


def scan_one(item: Item, cache: PictureCache) -> ScannedFile:
    (scanned,) = scan_files([item], cache, READ_FACTS)
    return scanned


def test_a_picture_is_scanned_and_cached(cache):
    scanned = scan_one(item_from_bytes("a", picture(1)), cache)
    assert scanned.content == hashlib.sha256(picture(1)).hexdigest()
    assert scanned.bytes == len(picture(1))
    assert scanned.error is scanned.message is None
    assert scanned.content
    assert cache.contains([scanned.content]) == [True]


def test_another_file_has_content_and_an_error(cache):
    scanned = scan_one(item_from_bytes("a", b"hello"), cache)
    assert (scanned.error, scanned.bytes) == ("not_a_picture", 5)
    assert scanned.message
    assert scanned.content
    assert cache.contains([scanned.content]) == [False]


def test_an_unreadable_file_has_an_error_only(cache):
    error = UnreadableFile("a\udcff is a pipe.", hint="Remove it.")
    scanned = scan_one(unreadable_item("a", error, archive="z"), cache)
    assert (scanned.error, scanned.content, scanned.bytes, scanned.archive) == ("unreadable_file", None, None, "z")
    assert scanned.message is not None
    assert scanned.message.encode().endswith(b" is a pipe. Remove it.")


def test_declared_labels_parts_and_groups_are_copied(cache):
    item = Item(path="a", load=lambda: picture(1), label="x", part="test", group="g")
    scanned = scan_one(item, cache)
    assert (scanned.label, scanned.part, scanned.group) == ("x", "test", "g")


def test_files_stay_in_order(cache):
    items = [
        item_from_bytes("a", picture(1)),
        item_from_bytes("b", b"hello"),
        unreadable_item("c", UnreadableFile("gone")),
        item_from_bytes("d", picture(2)),
    ]
    files = scan_files(items, cache, READ_FACTS)
    assert [(scanned.path, scanned.error) for scanned in files] == [
        ("a", None),
        ("b", "not_a_picture"),
        ("c", "unreadable_file"),
        ("d", None),
    ]
    cache.flush()
    assert files[3].content
    assert cache.facts([files[3].content])["width"].tolist() == [12]


def test_duplicate_and_cached_pictures_are_decoded_once(cache):
    decoded: list[bytes] = []

    def record(files: Sequence[bytes]) -> PictureFacts:
        decoded.extend(files)
        return read_facts(files, Limits())

    items = [
        item_from_bytes(name, data) for name, data in (("a", picture(1)), ("b", picture(1)), ("c", b"no"), ("d", b"no"))
    ]
    first, again = scan_files(items, cache, record), scan_files(items[:2], cache, record)
    assert decoded == [picture(1), b"no"]
    assert [scanned.error for scanned in first] == [None, None, "not_a_picture", "not_a_picture"]
    assert again == first[:2]


def test_large_files_are_read_in_small_batches(cache):
    largest = 0

    def measure(files: Sequence[bytes]) -> PictureFacts:
        nonlocal largest
        largest = max(largest, sum(map(len, files)))
        return read_facts(files, Limits())

    items = [item_from_bytes(str(number), picture(number) + bytes(1 << 20)) for number in range(12)]
    assert len(scan_files(items, cache, measure)) == 12
    assert largest < 6 << 20
