"""Hostile sources: no code is run, nothing outside is read, and time and memory are bounded."""

import io
import pickle
import struct
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest
from PIL import Image

from discern.catalog import scan
from discern.catalog.formats.cifar.pickle_reader import read_pickle
from discern.errors import CatalogError, DamagedPicture, NotAPicture, PictureError
from tests.attacks.hostile_lists import HUGE, META, CreatesFolder

SECONDS = 20


def png(number: int) -> bytes:
    """Return a small PNG in one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (number, 0, 0)).save(file, "PNG")
    return file.getvalue()


def batch(**more: object) -> bytes:
    """Return a CIFAR batch of two black pictures."""
    pixels = np.zeros((2, 3072), np.uint8)
    return pickle.dumps({b"data": pixels, b"labels": [0, 1], **{key.encode(): value for key, value in more.items()}}, 2)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["train", "test_batch", "batches.meta"])
def test_no_pickle_is_executed(tmp_path, name, protocol):
    made = tmp_path / "made"
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(batch())
    (folder / "batches.meta").write_bytes(META)
    (folder / name).write_bytes(pickle.dumps({b"data": CreatesFolder(made)}, protocol))
    pickle.loads((folder / name).read_bytes())
    made.rmdir()  # the attack works with Python's unpickler
    if name == "batches.meta":
        with pytest.raises(CatalogError, match=r"refers to \w+\.mkdir"):
            scan(folder, cache=tmp_path / "cache")
    else:
        catalog = scan(folder, cache=tmp_path / "cache")
        assert "mkdir" in catalog.table.filter(~catalog.readable)["message"][0]
        assert catalog.readable.sum() == 2
    assert not made.exists()


def test_a_single_hostile_batch_is_an_error_with_its_name(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": CreatesFolder(tmp_path / "made")}))
    with pytest.raises(CatalogError, match=r"data_batch_1: This pickle refers to \w+\.mkdir"):
        scan(tmp_path / "data_batch_1", cache=tmp_path / "cache")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # invalid escapes in protocol 0
def test_every_damaged_byte_of_a_batch_is_an_error_or_a_batch():
    data = pickle.dumps({b"data": np.zeros((1, 16), np.uint8), b"labels": [0, 1, 300, "x"]}, 2)
    random = np.random.default_rng(0)
    outcomes = set()
    for at in range(len(data)):
        for value in random.integers(0, 256, 24):
            try:
                outcomes.add(type(read_pickle(data[:at] + bytes([value]) + data[at + 1 :])))
            except PictureError as error:
                outcomes.add(type(error))
    assert outcomes == {dict, NotAPicture, DamagedPicture}


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits need Linux")
def test_claimed_sizes_take_no_memory(tmp_path):
    (tmp_path / "memo").write_bytes(b"\x80\x02}r\xff\xff\xff\x7f.")
    (tmp_path / "buffer").write_bytes(b"\x80\x05}\x8c\x01a\x96" + struct.pack("<Q", 1 << 40) + b"x")
    code = f"""if True:
        import pathlib, resource
        from discern.catalog.formats.cifar.pickle_reader import read_pickle
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        for name in ("memo", "buffer"):
            try:
                print(read_pickle(pathlib.Path({str(tmp_path)!r}, name).read_bytes()))
            except Exception as error:
                print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    memo, buffer = done.stdout.splitlines()
    assert memo == "{}"
    assert "only 1 remain" in buffer


def test_a_member_with_the_name_of_a_batch_cannot_claim_gigabytes(tmp_path):
    path = tmp_path / "a.tar"
    info = tarfile.TarInfo("data_batch_1")
    info.size = 1 << 40
    with tarfile.open(path, "w") as archive:
        small = tarfile.TarInfo("a/1.png")
        small.size = len(png(1))
        archive.addfile(small, io.BytesIO(png(1)))
        archive.addfile(info)
    catalog = scan(path, cache=tmp_path / "cache")
    assert catalog.readable.sum() == 1
    assert "too_large" in catalog.table["error"].to_list()


@pytest.mark.parametrize("name", HUGE)
def test_huge_lines_and_deep_nesting_are_errors_within_seconds(tmp_path, name):
    for label in "ab":
        (tmp_path / "in" / label).mkdir(parents=True)
        (tmp_path / "in" / label / "1.png").write_bytes(png(ord(label)))
    (tmp_path / "in" / name).write_bytes(HUGE[name])
    start = time.monotonic()
    catalog = scan(tmp_path / "in", cache=tmp_path / "cache")
    assert catalog.labels == ("a", "b")
    (message,) = catalog.table.filter(~catalog.readable)["message"]
    assert name in message
    assert len(message) < 1000
    with pytest.raises(CatalogError, match=name):
        scan(tmp_path / "in" / name, cache=tmp_path / "cache")
    assert time.monotonic() - start < SECONDS
