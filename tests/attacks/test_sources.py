"""Sources made to do harm: nothing they name is run, nothing outside is read, and nothing takes long or much memory."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.catalog import scan
from discern.catalog.pickled import read_pickle
from discern.errors import CatalogError, DamagedPicture, NotAPicture, PictureError

SECONDS = 20
META = pickle.dumps({b"label_names": [b"a", b"b"]}, 2)


class Runs:
    """Unpickled by Python, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (number, 0, 0)).save(file, "PNG")
    return file.getvalue()


def batch(**more: object) -> bytes:
    pixels = np.zeros((2, 3072), np.uint8)
    return pickle.dumps({b"data": pixels, b"labels": [0, 1], **{key.encode(): value for key, value in more.items()}}, 2)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["train", "test_batch", "batches.meta"])
def test_no_pickle_is_run(tmp_path, name, protocol):
    made = tmp_path / "made"
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(batch())
    (folder / "batches.meta").write_bytes(META)
    (folder / name).write_bytes(pickle.dumps({b"data": Runs(made)}, protocol))
    pickle.loads((folder / name).read_bytes())
    made.rmdir()  # so the attack works where nothing holds it
    if name == "batches.meta":
        with pytest.raises(CatalogError, match=r"asks for \w+\.mkdir"):
            scan(folder, cache=tmp_path / "cache")
    else:
        catalog = scan(folder, cache=tmp_path / "cache")
        assert "mkdir" in catalog.table.filter(~catalog.readable)["message"][0]
        assert catalog.readable.sum() == 2
    assert not made.exists()


def test_a_batch_alone_that_would_run_something_is_refused_by_its_name(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": Runs(tmp_path / "made")}))
    with pytest.raises(CatalogError, match=r"data_batch_1: This pickle asks for \w+\.mkdir"):
        scan(tmp_path / "data_batch_1", cache=tmp_path / "cache")


HARMFUL = {
    "a function set up": b"\x80\x02cnumpy\ndtype\nN}(U\x01au\x86b.",
    "a name called by another": b"\x80\x02c_codecs\nencode\nc_codecs\nencode\nU\x03zip\x86R.",
    "text coded as zip": b"\x80\x02}U\x01xc_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86Rs.",
    "a memo that claims gigabytes": b"\x80\x02}r\xff\xff\xff\x7f}r\xfe\xff\xff\xff.",
    "bytes that claim exabytes": b"\x80\x04}\x8c\x01a\x8e" + struct.pack("<Q", 1 << 60) + b"x",
    "a buffer that claims exabytes": b"\x80\x05}\x8c\x01a\x96" + struct.pack("<Q", 1 << 40) + b"x",
    "an array that claims exabytes": pickle.dumps({"data": np.zeros(4, np.uint8)}, 2).replace(
        b"K\x04", b"J\xff\xff\xff\x7f"
    ),
    "a key without end": b"\x80\x02}" + b"(" * 1 + b"K\x01" + b"\x85" * 300_000 + b"K\x01u.",
    "a number without end": b"\x80\x02}U\x01aL" + b"9" * 200_000 + b"L\ns.",
    "persistent identity": b"\x80\x02}U\x01aU\x01bQs.",
    "a class made": b"\x80\x02cos\nsystem\n)\x81.",
    "an instance made": b"(S'id'\nios\nsystem\n.",
    "an extension": b"\x80\x02\x82\x01.",
    "marks that are not there": b"\x80\x02uuu.",
    "an empty stack": b"\x80\x02000.",
    "too many instructions": b"\x80\x02}" + b"]0" * 4_100_000 + b".",
    "more than one thing": b"\x80\x02}}.",
}


@pytest.mark.parametrize("data", HARMFUL.values(), ids=HARMFUL.keys())
def test_harmful_pickles_are_refused_by_name_soon(data):
    start = time.monotonic()
    with pytest.raises((NotAPicture, DamagedPicture)) as caught:
        read_pickle(data)
    assert caught.value.hint
    assert time.monotonic() - start < SECONDS


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of escapes in old text
def test_every_damaged_byte_of_a_batch_is_a_named_error_or_a_batch():
    data = pickle.dumps({b"data": np.zeros((1, 16), np.uint8), b"labels": [0, 1, 300, "x"]}, 2)
    random = np.random.default_rng(0)
    outcomes = set()
    for place in range(len(data)):
        for value in random.integers(0, 256, 24):
            try:
                outcomes.add(type(read_pickle(data[:place] + bytes([value]) + data[place + 1 :])))
            except PictureError as error:
                outcomes.add(type(error))
    assert outcomes == {dict, NotAPicture, DamagedPicture}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are set on Linux")
def test_claims_take_no_memory(tmp_path):
    (tmp_path / "memo").write_bytes(b"\x80\x02}r\xff\xff\xff\x7f.")
    (tmp_path / "buffer").write_bytes(b"\x80\x05}\x8c\x01a\x96" + struct.pack("<Q", 1 << 40) + b"x")
    code = f"""if True:
        import pathlib, resource
        from discern.catalog.pickled import read_pickle
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


def test_a_member_named_as_a_batch_may_not_claim_gigabytes(tmp_path):
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


LISTS = {
    "metadata.jsonl": '{{"file_name": {0}, "label": "x"}}\n',
    "all.manifest": '{{"source-ref": {0}, "label": "x"}}\n',
    "all.lst": "0\tx\t{1}\n",
    "file_list.json": '{{"x": [{0}]}}',
    "metadata.csv": "file_name,label\n{1},x\n",
}
OUTSIDE = [
    "../secret.png",
    "{}/secret.png",
    "in/../../secret.png",
    "s3://b/../../secret.png",
    "..\\secret.png",
    "file://{}/secret.png",
]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("path", OUTSIDE)
def test_no_list_among_pictures_leads_outside(tmp_path, name, path):
    (tmp_path / "secret.png").write_bytes(png(9))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.png").write_bytes(png(1))
    said = path.format(tmp_path)
    (folder / name).write_text(LISTS[name].format(json.dumps(said), said))
    try:
        catalog = scan(folder, cache=tmp_path / "cache")
    except CatalogError as error:
        assert name in str(error)  # noqa: PT017 - either is right
    else:
        assert catalog.table.filter(catalog.readable)["path"].to_list() == ["1.png"]


HUGE = {
    "metadata.jsonl": b'{"file_name": "' + b"x" * 8_000_000 + b'", "label": "x"}',
    "all.lst": b"0\t" + b"1\t" * 4_000_000 + b"1.png",
    "all.manifest": b"[" * 1_000_000,
    "file_list.json": b'{"a":' * 300_000,
    "metadata.csv": b"file_name,label\n" + b'"' * 8_000_001,
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_lines_and_endless_nests_are_named_soon(tmp_path, name):
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
