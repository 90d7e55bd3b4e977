import hashlib
import pickle

import numpy as np
import polars as pl
import pytest
from PIL import Image

from discern.catalog.formats.cifar.batch_file import is_batch, names_batch, read_batch
from discern.catalog.formats.folder_source import FolderSource
from discern.errors import CatalogError, DamagedPicture, NotAPicture, PictureError
from discern.picture import Limits, open_picture, pixel_hash
from tests.unit.catalog.factories import cifar_batch, picture, write_archive, write_files

RNG = np.random.default_rng(0)
PLANES = RNG.integers(0, 256, (7, 3072), dtype=np.uint8)
META = pickle.dumps({b"label_names": [b"cat", "größe".encode()]}, 2)
CIFAR = {
    "batches.meta": META,
    "data_batch_1": cifar_batch(PLANES[:3], [0, 1, 0]),
    "data_batch_2": cifar_batch(PLANES[3:5], [1, 1]),
    "test_batch": cifar_batch(PLANES[5:], [0, 1]),
}


def upright(planes: np.ndarray) -> np.ndarray:
    return planes.reshape(3, 32, 32).transpose(1, 2, 0)


def test_each_row_is_a_png():
    items = list(read_batch("in/data_batch_1", CIFAR["data_batch_1"], archive="in/data_batch_1"))
    assert [(item.path, item.label, item.part) for item in items] == [
        ("in/data_batch_1!/0.png", "0", "train"),
        ("in/data_batch_1!/1.png", "1", "train"),
        ("in/data_batch_1!/2.png", "0", "train"),
    ]
    for item, planes in zip(items, PLANES[:3], strict=True):
        assert item.in_memory == 3072
        assert np.array_equal(open_picture(item.load()), upright(planes))


def test_the_bytes_of_a_picture_are_stable():
    """Catalogs store their hash, so they must be the same in every version."""
    (item,) = read_batch("train", cifar_batch(np.zeros((1, 3072), np.uint8), [0], key=b"fine_labels"), archive="train")
    assert hashlib.sha256(item.load()).hexdigest() == "3770232fc462fe89d1e54b58a02af4bc842415e22d8d43b3afa041afed451855"


@pytest.mark.parametrize("suffix", ["", ".tar.gz", ".zip"])
def test_labels_parts_and_paths(scan_source, tmp_path, suffix):
    files = {f"cifar-10-batches-py/{name}": data for name, data in CIFAR.items()}
    place = tmp_path / f"c{suffix}"
    source = write_archive(place, files) if suffix else write_files(place, files)
    catalog = scan_source(source)
    prefix = (f"c{suffix}!/" if suffix else "") + "cifar-10-batches-py/"
    assert catalog.table.select(pl.col("path").str.strip_prefix(prefix), "label", "part").rows() == [
        ("data_batch_1!/0.png", "cat", "train"),
        ("data_batch_1!/1.png", "größe", "train"),
        ("data_batch_1!/2.png", "cat", "train"),
        ("data_batch_2!/0.png", "größe", "train"),
        ("data_batch_2!/1.png", "größe", "train"),
        ("test_batch!/0.png", "cat", "test"),
        ("test_batch!/1.png", "größe", "test"),
    ]
    read = dict(catalog.read([6, 2]))
    assert np.array_equal(open_picture(read[6]), upright(PLANES[6]))
    assert pixel_hash(open_picture(read[2])) == catalog.table["pixels"][2]


def test_fine_labels_are_named_by_fine_names(folder, scan_source):
    meta = pickle.dumps({b"coarse_label_names": [b"fruit"], b"fine_label_names": [b"apple", b"pear"]}, 2)
    data = cifar_batch(PLANES[:2], [1, 0], key=b"fine_labels", more={b"coarse_labels": [0, 0]})
    table = scan_source(write_files(folder, {"train": data, "test": data, "meta": meta})).table
    assert table["label"].to_list() == ["pear", "apple"] * 2
    assert table["part"].to_list() == ["test", "test", "train", "train"]


def test_a_single_batch_can_be_a_source(folder, scan_source):
    write_files(folder, CIFAR)
    catalog = scan_source(folder / "data_batch_2")
    assert catalog.table["path"].to_list() == ["data_batch_2!/0.png", "data_batch_2!/1.png"]
    assert catalog.labels == ("größe",)


@pytest.mark.parametrize("name", ["data_batch_1", "a/data_batch_10", "data_batch", "test_batch", "x/train", "test"])
def test_names_of_batches(name):
    assert names_batch(name)


@pytest.mark.parametrize(
    "name", ["data_batch_1.png", "train/1.png", "batches.meta", "meta", "my_train", "data_batch_x"]
)
def test_names_of_other_files(name):
    assert not names_batch(name)


def test_only_pickles_are_batches(folder):
    write_files(folder, {"train": picture(1), "test": b"", "data_batch_1": CIFAR["data_batch_1"], "in/test_batch": b""})
    assert [is_batch(folder / name) for name in ("train", "test", "data_batch_1", "in", "none")] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert FolderSource(folder, limits=Limits()).total is None


INVALID = {
    "another width": cifar_batch(np.zeros((2, 3071), np.uint8), [0, 1]),
    "another type": cifar_batch(np.zeros((2, 3072), np.int64), [0, 1]),
    "one picture": cifar_batch(np.zeros(3072, np.uint8), [0]),
    "fewer labels": cifar_batch(PLANES[:2], [0]),
    "labels that are text": cifar_batch(PLANES[:2], ["0", "1"]),
    "no labels": cifar_batch(PLANES[:2], [0, 1], key=b"other"),
    "no pixels": pickle.dumps({b"labels": [0]}, 2),
    "cut off": CIFAR["data_batch_1"][:5000],
}


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_batch_is_one_row_with_an_error(folder, scan_source, data):
    catalog = scan_source(write_files(folder, CIFAR | {"data_batch_1": data}))
    invalid = catalog.table.filter(pl.col("error").is_not_null())
    assert invalid.select("path", "error").rows() == [("data_batch_1", "damaged")]
    assert int(catalog.readable.sum()) == 4


def test_a_label_out_of_range_is_a_row_with_an_error(folder, scan_source):
    table = scan_source(write_files(folder, CIFAR | {"data_batch_2": cifar_batch(PLANES[:3], [1, 2, -1])})).table
    invalid = table.filter(pl.col("error") == "damaged")
    assert invalid["path"].to_list() == ["data_batch_2!/1.png", "data_batch_2!/2.png"]
    assert "batches.meta has 2 class names" in invalid["message"][0]
    assert invalid["label"].null_count() == 2


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        (None, "not the file with their class names"),
        (META[:20], r"batches\.meta cannot be read"),
        (pickle.dumps({b"label_names": []}), "has no class names"),
        (pickle.dumps({b"label_names": [b"a", b"a"]}), "or duplicate ones"),
        (pickle.dumps({b"label_names": [b"\xff", b"a"]}), r"batches\.meta cannot be read"),
    ],
)
def test_missing_or_invalid_class_names_are_an_error(folder, scan_source, meta, message):
    files = {name: data for name, data in CIFAR.items() if name != "batches.meta"}
    write_files(folder, files | ({"batches.meta": meta} if meta else {}))
    with pytest.raises(CatalogError, match=message) as caught:
        scan_source(folder)
    assert caught.value.hint


def test_a_pickle_among_class_folders_changes_nothing(folder, scan_source):
    files = {f"{label}/{number}.png": picture(number) for label in "ab" for number in range(2)}
    catalog = scan_source(write_files(folder, files | {"a/train": pickle.dumps({"model": 1}), "meta": META}))
    assert catalog.labels == ("a", "b")
    assert int(catalog.readable.sum()) == 4
    assert catalog.table.filter(pl.col("error").is_not_null())["path"].to_list() == ["a/train", "meta"]


def test_errors_keep_their_message_and_archive():
    (item,) = read_batch("train", pickle.dumps({"a": np.float64}), archive="train")
    with pytest.raises(NotAPicture, match=r"refers to numpy\.float64"):
        item.load()
    (item,) = read_batch("a.tar!/train", b"\x80\x02", archive="a.tar")
    with pytest.raises(DamagedPicture):
        item.load()
    assert item.archive == "a.tar"


def test_batches_of_real_pictures_equal_their_files(real_data, scan_source, tmp_path):
    pack = real_data / "scones_bicycle_motorcycle"
    files = [path for label in ("bicycle", "motorcycle") for path in sorted((pack / "train" / label).iterdir())[:20]]
    pixels = [np.asarray(Image.open(path).convert("RGB")) for path in files]
    planes = np.stack([found.transpose(2, 0, 1).reshape(-1) for found in pixels])
    labels = [{"bicycle": 8, "motorcycle": 48}[path.parent.name] for path in files]
    names = [b"bicycle" if number == 8 else b"motorcycle" if number == 48 else b"c%d" % number for number in range(100)]
    meta = pickle.dumps({b"fine_label_names": names}, 2)
    batches = write_files(tmp_path / "cifar", {"train": cifar_batch(planes, labels, key=b"fine_labels"), "meta": meta})
    plain = write_files(tmp_path / "plain", {f"{path.parent.name}/{path.name}": path.read_bytes() for path in files})
    rebuilt, original = scan_source(batches).table, scan_source(plain).table
    assert rebuilt.select("pixels", "label").rows() == original.select("pixels", "label").rows()


def errors(items) -> list[type[PictureError]]:
    found = []
    for item in items:
        try:
            item.load()
        except PictureError as error:
            found.append(type(error))
    return found


def test_a_batch_may_be_larger_than_a_picture(folder):
    write_files(folder, CIFAR)
    assert errors(FolderSource(folder, limits=Limits(max_bytes=4000)).items()) == []
