"""Hostile listings and CIFAR batches: paths that lead outside, huge claims, and pickles that run code."""

import io
import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from tests.attacks.entry_points import READ
from tests.attacks.hostile import Hostile, Write, among, files
from tests.unit.catalog.factories import cifar_batch, picture, write_files


class CreatesFolder:
    """Object that creates a folder when Python unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.path),)


VALID = {
    "all.csv": b"path,label,split,group\n0.png,x,train,g\n1.png,y,test,h\n2.png,x,train,g\n",
    "all.tsv": b"image\tlabel\n0.png\tx\n1.png\ty\n",
    "all.lst": b"0\t0\t0.png\n1\t1\t1.png\n2\t0\t2.png\n",
    "all.manifest": b'{"source-ref": "s3://b/0.png", "label": 0, "label-metadata": {"class-name": "x"}}\n',
    "metadata.jsonl": b'{"file_name": "0.png", "label": "x"}\n{"file_name": "1.png", "label": "y"}\n',
    "file_list.json": b'{"1": ["data/metadata/0.json"], "2": ["data/metadata/1.json"]}',
}


def parquet(**columns: object) -> bytes:
    """Return a Parquet file with the columns."""
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


VALID["all.parquet"] = parquet(path=["0.png", "1.png"], label=["x", "y"])
LISTS = {
    "metadata.jsonl": '{{"file_name": {0}, "label": "x"}}\n',
    "all.manifest": '{{"source-ref": {0}, "label": "x"}}\n',
    "all.lst": "0\tx\t{1}\n",
    "file_list.json": '{{"x": [{0}]}}',
    "metadata.csv": "file_name,label\n{1},x\n",
}
OUTSIDE = {
    "up": "../secret.png",
    "absolute": "{}/secret.png",
    "up from inside": "in/../../secret.png",
    "up from a bucket": "s3://b/../../secret.png",
    "up by backslashes": "..\\secret.png",
    "a file URL": "file://{}/secret.png",
    "a URL": "https://127.0.0.1:9/secret.png",
    "a link out": "out.png",
}
HUGE = {
    "metadata.jsonl": b'{"file_name": "' + b"x" * 8_000_000 + b'", "label": "x"}',
    "all.lst": b"0\t" + b"1\t" * 4_000_000 + b"1.png",
    "all.manifest": b"[" * 1_000_000,
    "file_list.json": b'{"a":' * 300_000,
    "metadata.csv": b"file_name,label\n" + b'"' * 8_000_001,
}
# Listings that are the source: file name, content, and the possible outcomes.
SOURCES: dict[str, tuple[str, Callable[[], bytes], tuple[str, ...]]] = {
    "a field of 10 MB": ("a.csv", lambda: b"path,label\n0.png," + b"x" * 10_000_000, ("catalog",)),
    "a header of 10 MB": ("a.csv", lambda: b"x" * 10_000_000, ("catalog",)),
    "a million columns": ("a.csv", lambda: b"path," + b"x," * 1_000_000 + b"\n0.png\n", (READ, "catalog")),
    "a million columns in JSON": (
        "a.jsonl",
        lambda: json.dumps({"file_name": "0.png", "label": "x"} | {f"c{n}": n for n in range(1_000_000)}).encode(),
        ("catalog",),
    ),
    "a NUL in a path": ("a.csv", lambda: b"path,label\n0\0.png,x\n", ("catalog", "unreadable_file")),
    "NULs": ("a.csv", lambda: bytes(100_000), ("catalog",)),
    "UTF-16": ("a.csv", lambda: "path,label\n0.png,x\n".encode("utf-16"), ("catalog",)),
    "UTF-32": ("a.csv", lambda: "path,label\n0.png,x\n".encode("utf-32"), ("catalog",)),
    "Latin-1": ("a.csv", lambda: b"path,label\n0.png,gr\xfcn\n", ("catalog",)),
    "surrogates": ("a.csv", lambda: b"path,label\n0.png,\xed\xa0\x80\n", ("catalog",)),
    "surrogates in JSON": ("a.jsonl", lambda: b'{"file_name": "0.png", "label": "\\ud800"}', ("catalog",)),
    "surrogates in a path": ("a.jsonl", lambda: b'{"file_name": "\\udcff.png", "label": "x"}', ("catalog",)),
    "an unclosed quote": ("a.csv", lambda: b'path,label\n"0.png,x\n1.png,y\n', ("catalog",)),
    "two labels for a path": ("a.csv", lambda: b"path,label\n0.png,x\n0.png,y\n", ("catalog",)),
    "two spellings of a path": ("a.csv", lambda: b"path,label\n0.png,x\n./0.png,y\n", ("catalog",)),
    "a path a hundred thousand times": ("a.csv", lambda: b"path,label\n" + b"0.png,x\n" * 100_000, (READ,)),
    "an unknown part": ("a.csv", lambda: b"path,label,split\n0.png,x,holdout\n", ("catalog",)),
    "an empty path": ("a.csv", lambda: b"path,label\n,x\n", ("catalog",)),
    "no column of paths": ("a.csv", lambda: b"label\nx\n", ("catalog",)),
    "an empty file": ("a.csv", lambda: b"", ("catalog",)),
    "a formula for a label": ("a.csv", lambda: b"path,label\n0.png,=1+1\n1.png,@x\n", (READ,)),
    "escape sequences for a label": ("a.csv", lambda: b"path,label\n0.png,\x1b[2J\n1.png,y\n", (READ,)),
    "NaN": ("a.jsonl", lambda: b'{"file_name": "0.png", "label": NaN}', (READ, "catalog")),
    "a number of a million digits": (
        "a.jsonl",
        lambda: b'{"file_name": "0.png", "label": ' + b"9" * 1_000_000 + b"}",
        ("catalog",),
    ),
    "an infinite number": ("a.jsonl", lambda: b'{"file_name": "0.png", "label": 1e999999999}', (READ, "catalog")),
    "deeply nested lists": ("a.jsonl", lambda: b'{"file_name":' + b"[" * 200_000, ("catalog",)),
    "deeply nested objects": ("a.jsonl", lambda: b'{"a":' * 100_000, ("catalog",)),
    "a duplicate key": ("a.jsonl", lambda: b'{"file_name": "0.png", "file_name": "1.png"}', ("catalog",)),
    "a list for a path": ("a.jsonl", lambda: b'{"file_name": ["0.png"], "label": "x"}', ("catalog",)),
    "numbers instead of objects": ("a.jsonl", lambda: b"1\n2\n", ("catalog",)),
    "an XML entity bomb": (
        "file_list.json",
        lambda: b'<!DOCTYPE a [<!ENTITY b "' + b"&c;" * 100 + b'">]><a>&b;</a>',
        ("catalog",),
    ),
    "ten thousand labels for one file": (
        "file_list.json",
        lambda: json.dumps({str(n): ["0.png"] for n in range(10_000)}).encode(),
        ("catalog",),
    ),
    "objects for paths": ("file_list.json", lambda: b'{"x": [{"a": 1}]}', ("catalog",)),
    "an .lst of ten thousand labels": ("a.lst", lambda: b"0\t" + b"0\t" * 10_000 + b"1\t0.png\n", (READ, "catalog")),
    "an .lst of negative numbers": ("a.lst", lambda: b"-1\t-1\t0.png\n", ("catalog",)),
    "truncated Parquet": ("a.parquet", lambda: VALID["all.parquet"][:-20], ("catalog",)),
    "Parquet of its signature alone": ("a.parquet", lambda: b"PAR1" + b"\xff" * 4 + b"PAR1", ("catalog",)),
    "Parquet that claims a footer of gigabytes": (
        "a.parquet",
        lambda: VALID["all.parquet"][:-8] + b"\xff\xff\xff\x7fPAR1",
        ("catalog",),
    ),
    "Parquet with a random footer": (
        "a.parquet",
        lambda: VALID["all.parquet"][:-200] + bytes(range(192)) + VALID["all.parquet"][-8:],
        ("catalog",),
    ),
    "Parquet of lists": ("a.parquet", lambda: parquet(path=[["0.png"]], label=["x"]), ("catalog",)),
    "Parquet of bytes": ("a.parquet", lambda: parquet(path=[b"\xff.png"], label=["x"]), ("catalog",)),
    "Parquet of numbers": ("a.parquet", lambda: parquet(path=[1, 2], label=["x", "y"]), (READ,)),
    "Parquet of one path a million times": (
        "a.parquet",
        lambda: parquet(path=["0.png"] * 1_000_000, label=["x"] * 1_000_000),
        (READ,),
    ),
    "Parquet of one path 20 million times": (
        "a.parquet",
        lambda: parquet(path=pl.repeat("0.png", 20_000_000, eager=True), label=pl.repeat("x", 20_000_000, eager=True)),
        ("catalog",),
    ),
    "a picture with a listing's name": ("a.csv", lambda: picture(1), ("catalog",)),
    "an archive with a listing's name": ("a.csv", lambda: b"PK\3\4" + bytes(100), ("catalog",)),
}
WHY = "the values are text, and are escaped when shown"
META = pickle.dumps({b"label_names": [b"a", b"b"]}, 2)
ZEROS = np.zeros((2, 3072), np.uint8)
HARMFUL = {
    "BUILD on a function": b"\x80\x02cnumpy\ndtype\nN}(U\x01au\x86b.",
    "a name called with another name": b"\x80\x02c_codecs\nencode\nc_codecs\nencode\nU\x03zip\x86R.",
    "text with the encoding zip": b"\x80\x02}U\x01xc_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86Rs.",
    "a memo that claims gigabytes": b"\x80\x02}r\xff\xff\xff\x7f}r\xfe\xff\xff\xff.",
    "bytes that claim exabytes": b"\x80\x04}\x8c\x01a\x8e" + struct.pack("<Q", 1 << 60) + b"x",
    "a buffer that claims exabytes": b"\x80\x05}\x8c\x01a\x96" + struct.pack("<Q", 1 << 40) + b"x",
    "an array that claims exabytes": pickle.dumps({"data": np.zeros(4, np.uint8)}, 2).replace(
        b"K\x04", b"J\xff\xff\xff\x7f"
    ),
    "deeply nested tuples as a key": b"\x80\x02}" + b"(" * 1 + b"K\x01" + b"\x85" * 300_000 + b"K\x01u.",
    "a number of 200,000 digits": b"\x80\x02}U\x01aL" + b"9" * 200_000 + b"L\ns.",
    "a number of megabytes": b"\x80\x02}U\x01a\x8b" + struct.pack("<l", 30_000_000) + b"\xff" * 30_000_000 + b"s.",
    "a persistent id": b"\x80\x02}U\x01aU\x01bQs.",
    "NEWOBJ": b"\x80\x02cos\nsystem\n)\x81.",
    "INST": b"\x80\x02(S'id'\nios\nsystem\n.",
    "an extension code": b"\x80\x02\x82\x01.",
    "missing marks": b"\x80\x02uuu.",
    "an empty stack": b"\x80\x02000.",
    "too many opcodes": b"\x80\x02}" + b"]0" * 4_100_000 + b".",
    "two values on the stack": b"\x80\x02}}.",
    "lists in lists": b"\x80\x02" + b"]" * 500_000 + b"a" * 499_999 + b".",
    "a list that doubles repeatedly": b"\x80\x02}U\x04data](K\x01K\x02e" + b"q\x00(h\x00h\x00e" * 40 + b"s.",
    "lists that double repeatedly": b"\x80\x02}U\x01a]q\x00" + b"(h\x00h\x00l" * 400 + b"s.",
    "deeply nested tuples": b"\x80\x02}U\x01a)" + b"q\x00h\x00\x86" * 100_000 + b"s.",
    "an array with negative sizes": pickle.dumps({"data": np.zeros((2, 2), np.uint8)}, 2).replace(
        b"K\x02K\x02", b"J\xff\xff\xff\xffK\x02"
    ),
    "an array of objects": pickle.dumps({b"data": np.array([{}, []], object), b"labels": [0, 1]}, 2),
    "pixels of another size": pickle.dumps({b"data": np.zeros((2, 3071), np.uint8), b"labels": [0, 1]}, 2),
    "pixels of floats": pickle.dumps({b"data": ZEROS.astype(np.float64), b"labels": [0, 1]}, 2),
    "labels that are strings": pickle.dumps({b"data": ZEROS, b"labels": ["a", "b"]}, 2),
    "labels out of range": pickle.dumps({b"data": ZEROS, b"labels": [2**70, -1]}, 2),
    "fewer labels than pixels": pickle.dumps({b"data": ZEROS, b"labels": [0]}, 2),
    "text for labels": pickle.dumps({b"data": ZEROS, b"labels": "01"}, 2),
}
REFUSED = ("not_a_picture", "damaged")


def _leading_outside(name: str, template: str) -> Write:
    def act(inside: Path) -> None:
        (inside / "out.png").symlink_to("nowhere/secret.png")
        path = template.format(inside.parent)
        (inside / name).write_text(LISTS[name].format(json.dumps(path), path))

    return among(act)


def _as_source(name: str, make: Callable[[], bytes]) -> Write:
    def write(folder: Path) -> Path:
        write_files(folder, {f"{number}.png": picture(number) for number in range(3)} | {name: make()})
        return folder / name

    return write


def _batch(data: bytes, protocol: int | None = None) -> Write:
    def write(folder: Path) -> Path:
        hostile = data if protocol is None else pickle.dumps({b"data": CreatesFolder(folder / "made")}, protocol)
        files({"data_batch_1": cifar_batch(ZEROS, [0, 1]), "data_batch_2": hostile, "batches.meta": META})(folder)
        return folder / "in"

    return write


def _lists() -> list[Hostile]:
    outcomes = ("catalog", "not_a_picture", "not_a_picture unreadable_file", "unreadable_file")
    found = [
        Hostile(
            kind="listing that leads outside",
            name=f"{name}, {what}",
            entry_point="scan",
            write=_leading_outside(name, template),
            outcomes=outcomes,
            posix=True,
        )
        for name in LISTS
        for what, template in OUTSIDE.items()
    ]
    found += [
        Hostile(
            kind="endless listing",
            name=name,
            entry_point="scan",
            write=files({name: data}),
            outcomes=("not_a_picture",),
        )
        for name, data in HUGE.items()
    ]
    found += [
        Hostile(
            kind="hostile listing",
            name=what,
            entry_point="scan",
            write=_as_source(name, make),
            outcomes=outcomes,
            why=WHY if READ in outcomes else "",
            heavy="million" in what,
        )
        for what, (name, make, outcomes) in SOURCES.items()
    ]
    return found


def _pickles() -> list[Hostile]:
    found = [
        Hostile(kind="pickle", name=what, entry_point="scan", write=_batch(data), outcomes=REFUSED)
        for what, data in HARMFUL.items()
    ]
    return found + [
        Hostile(
            kind="pickle",
            name=f"a function called, protocol {protocol}",
            entry_point="scan",
            write=_batch(b"", protocol),
            outcomes=REFUSED,
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]


LISTED = (*_lists(), *_pickles())
