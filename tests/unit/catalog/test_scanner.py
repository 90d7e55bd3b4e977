import contextlib
import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discern.catalog import COLUMNS, scan
from discern.errors import CatalogError
from discern.picture import Limits, open_picture, pixel_hash, thumbnail
from tests.unit.catalog.factories import picture, write_archive, write_files

TWO_CLASSES = {
    f"{label}/{number}.png": picture(number + at * 100) for at, label in enumerate("ab") for number in range(3)
}


def test_a_row_describes_a_picture(folder, scan_source):
    data = picture(7, size=(40, 20), file_format="JPEG")
    catalog = scan_source(write_files(folder, {"cat/a.png": data}))
    pixels = open_picture(data)
    assert dict(catalog.table.schema) == COLUMNS
    assert catalog.table.to_dicts() == [
        {
            "path": "cat/a.png",
            "bytes": len(data),
            "content": hashlib.sha256(data).hexdigest(),
            "pixels": pixel_hash(pixels),
            "label": "cat",
            "group": None,
            "part": None,
            "width": 40,
            "height": 20,
            "format": "JPEG",
            "mode": "RGB",
            "sharpness": None,
            "camera": None,
            "peak": None,
            "missing_rows": None,
            "taken": None,
            "error": None,
            "message": None,
        }
    ]
    assert np.array_equal(catalog.thumbs[0], thumbnail(pixels))
    assert catalog.root == folder


def test_other_files_are_rows_with_an_error(folder, scan_source):
    junk = {"empty.jpg": b"", "notes.txt": b"hello", "cut.png": picture(2)[:40], "big.png": picture(3) + bytes(5000)}
    catalog = scan_source(write_files(folder, {"ok.png": picture(1), **junk}), limits=Limits(max_bytes=4000))
    table = catalog.table.filter(pl.col("error").is_not_null())
    errors = dict(zip(table["path"], table["error"], strict=True))
    assert errors == {
        "big.png": "too_large",
        "cut.png": "truncated",
        "empty.jpg": "empty",
        "notes.txt": "not_a_picture",
    }
    assert all(table["message"])
    assert table["pixels"].null_count() == 4
    assert dict(zip(table["path"], table["content"].is_null(), strict=True))["cut.png"] is False
    assert catalog.readable.tolist() == [False, False, False, False, True]
    assert not catalog.thumbs[0].any()
    assert catalog.thumbs[4].any()


def test_rows_are_in_natural_order(folder, scan_source):
    files = {f"{label}/{number}.png": picture(number) for label in ("10", "9", "b") for number in (10, 9, 1)}
    catalog = scan_source(write_files(folder, files), threads=2)
    assert catalog.table["path"].to_list() == [f"{label}/{n}.png" for label in ("9", "10", "b") for n in (1, 9, 10)]
    assert catalog.labels == ("9", "10", "b")


def test_parts_and_labels_come_from_folders(folder, scan_source):
    files = {"Training/x/1.png": picture(1), "valid/y/deep/2.png": picture(2), "test/x/3.png": picture(3)}
    table = scan_source(write_files(folder, files)).table
    assert table.select("label", "part").rows() == [("x", "train"), ("x", "test"), ("y", "validation")]


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_an_archive_equals_its_folder(folder, scan_source, tmp_path, suffix):
    files = {**TWO_CLASSES, "a/notes.txt": b"hello", ".hidden/x.png": picture(9)}
    plain = scan_source(write_files(folder, files)).table.drop("path")
    packed = scan_source(write_archive(tmp_path / f"photos{suffix}", files))
    assert packed.table.drop("path").equals(plain)
    assert packed.table["path"][0] == f"photos{suffix}!/a/0.png"
    assert packed.root == tmp_path


def test_a_table_declares_labels_parts_and_groups(folder, scan_source):
    write_files(folder, TWO_CLASSES)
    (folder / "t.csv").write_text("image,class,split,group\nb/1.png,x,train,g\na/0.png,y,test,\nabsent.png,x,,\n")
    table = scan_source(folder / "t.csv").table
    assert table.select("path", "label", "part", "group", "error").rows() == [
        ("a/0.png", "y", "test", None, None),
        ("absent.png", "x", None, None, "unreadable_file"),
        ("b/1.png", "x", "train", "g", None),
    ]


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize("top", ["", "set/"])
def test_the_table_in_an_archive_is_used(scan_source, tmp_path, suffix, top):
    files = {f"{top}t.csv": b"file,label\nin/1.png,x\nin/2.png,y\nin/3.png,y\n"}
    files |= {f"{top}in/{number}.png": picture(number) for number in (1, 2, 4)}
    table = scan_source(write_archive(tmp_path / f"p{suffix}", files)).table
    assert table.select("path", "label", "error").rows() == [
        (f"p{suffix}!/{top}in/1.png", "x", None),
        (f"p{suffix}!/{top}in/2.png", "y", None),
        (f"p{suffix}!/{top}in/3.png", "y", "unreadable_file"),
    ]


def test_an_unrelated_table_in_an_archive_is_a_row(scan_source, tmp_path):
    files = {"prices.csv": b"name,price\na,1\n", "a/1.png": picture(1), "b/2.png": picture(2)}
    table = scan_source(write_archive(tmp_path / "p.zip", files)).table
    assert table.select("label", "error").rows() == [("a", None), ("b", None), (None, "not_a_picture")]


def test_the_later_of_two_members_with_one_name_is_used(scan_source, tmp_path):
    path = tmp_path / "p.tar"
    with tarfile.open(path, "w") as archive:
        for number in (1, 2):
            info = tarfile.TarInfo("x.png")
            info.size = len(picture(number))
            archive.addfile(info, io.BytesIO(picture(number)))
    catalog = scan_source(path)
    assert len(catalog) == 1
    assert catalog.read_one(0) == picture(2)


def test_the_number_of_threads_does_not_matter(folder, tmp_path):
    files = {f"{number % 3}/{number}.png": picture(number) for number in range(100)} | {"junk": b"junk"}
    write_files(folder, files)
    one, four = (scan(folder, cache=tmp_path / str(threads), threads=threads) for threads in (1, 4))
    assert one.table.equals(four.table)
    assert one.fingerprint == four.fingerprint
    assert np.array_equal(one.thumbs[:], four.thumbs[:])


def test_worker_processes_do_not_change_the_catalog(folder, tmp_path):
    """Worker processes are started after the first thousand files."""
    files = {f"{number % 3}/{number}.png": picture(number) for number in range(1500)} | {"2/junk": b"junk"}
    write_files(folder, files)
    one, two = (scan(folder, cache=tmp_path / str(threads), threads=threads) for threads in (1, 2))
    assert one.table.equals(two.table)
    assert np.array_equal(one.thumbs[:], two.thumbs[:])


@pytest.mark.slow
def test_a_script_needs_no_main_guard(folder, tmp_path):
    write_files(folder, {f"{number}.png": picture(number) for number in range(1200)})
    (tmp_path / "script.py").write_text(
        "from pathlib import Path\nfrom discern.catalog import scan\n"
        f"print(len(scan(Path({str(folder)!r}), cache=Path({str(tmp_path / 'c')!r}), threads=2)))"
    )
    ran = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("1200\n", "")


def test_progress_is_reported(folder, scan_source):
    calls = []
    files = {f"{number}.png": picture(number) for number in range(150)}
    scan_source(write_files(folder, files), progress=lambda *call: calls.append(call))
    assert [done for _, done, _ in calls] == [64, 128, 150]
    assert {(stage, total) for stage, _, total in calls} == {("scanning pictures", 150)}


def test_the_source_is_unchanged(folder, scan_source):
    write_files(folder, TWO_CLASSES)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    scan_source(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_relative_source_gets_an_absolute_root(folder, scan_source):
    write_files(folder, TWO_CLASSES)
    catalog = scan_source(Path(os.path.relpath(folder)))
    assert catalog.root.is_absolute()
    assert catalog.read_one(0) == TWO_CLASSES["a/0.png"]


def test_a_source_that_does_not_exist(scan_source, tmp_path):
    with pytest.raises(CatalogError, match=r"does not exist.*Pass a folder"):
        scan_source(tmp_path / "absent")


@pytest.mark.parametrize("name", ["photo.jpg", "a.zip", "a.tar.gz"])
def test_a_source_of_another_type(scan_source, tmp_path, name):
    (tmp_path / name).write_bytes(picture(1))
    with pytest.raises(CatalogError, match="not a folder, a listing or a readable archive"):
        scan_source(tmp_path / name)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes among files")
@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.zip"])
def test_a_source_that_is_a_pipe(scan_source, tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(CatalogError, match="not a folder"):
        scan_source(tmp_path / name)


def test_an_empty_source(folder, scan_source):
    write_files(folder, {".hidden": b"x", "sub/Thumbs.db": b"x"})
    with pytest.raises(CatalogError, match="is empty"):
        scan_source(folder)


@pytest.mark.skipif(os.name != "posix", reason="links need permission on Windows")
def test_a_source_of_links_that_lead_nowhere_names_them(folder, scan_source):
    (folder / "ring").symlink_to(folder.parent / "unplugged" / "ring")
    with pytest.raises(CatalogError, match=r"1 links, such as ring\. .*unplugged/ring, which cannot be opened"):
        scan_source(folder)


@pytest.mark.skipif(os.name != "posix", reason="links need permission on Windows")
def test_classes_and_parts_that_are_links(folder, scan_source):
    disk = write_files(folder.parent / "disk", TWO_CLASSES | {"valid/a/1.png": picture(1), "valid/b/2.png": picture(2)})
    (folder / "train").mkdir()
    (folder / "train" / "a").symlink_to(disk / "a")
    (folder / "train" / "b").symlink_to(disk / "b")
    (folder / "valid").symlink_to(disk / "valid")
    catalog = scan_source(folder)
    assert catalog.labels == ("a", "b")
    assert catalog.table["part"].to_list() == ["train"] * 6 + ["validation"] * 2
    assert catalog.left_out == ()
    assert len(list(catalog.read(range(8)))) == 8


def test_files_of_file_servers_are_left_out_and_counted(folder, scan_source):
    thumbs = ["a/@eaDir/0.png/T.jpg", "@eaDir/x.jpg", "#recycle/1.png", "$RECYCLE.BIN/S-1/$R.png", "lost+found/2.png"]
    catalog = scan_source(
        write_files(folder, TWO_CLASSES | {name: picture(number) for number, name in enumerate(thumbs)})
    )
    assert catalog.labels == ("a", "b")
    assert len(catalog) == 6
    assert sorted(each.path for each in catalog.left_out) == sorted(thumbs)
    assert {each.reason for each in catalog.left_out} == {"system_file"}


def test_classes_without_pictures_are_known(folder, scan_source):
    write_files(folder, TWO_CLASSES | {"cone/1.jpg": b"<!DOCTYPE html>"})
    (folder / "ring" / "deep").mkdir(parents=True)
    catalog = scan_source(folder)
    assert catalog.labels == ("a", "b")
    assert catalog.empty_folders == ("ring",)
    assert catalog.table.filter(~catalog.readable)["label"].to_list() == ["cone"]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_names_of_folders_that_look_the_same_are_one_class(folder, scan_source, suffix):
    files = {"caf\u00e9/1.png": picture(1), "cafe\u0301 /2.png": picture(2), "bar/3.png": picture(3)}
    assert scan_source(write_archive(folder.parent / f"a{suffix}", files)).labels == ("bar", "caf\u00e9")
    assert scan_source(write_files(folder, files)).labels == ("bar", "caf\u00e9")


def test_a_source_without_pictures(folder, scan_source):
    write_files(folder, {"a.txt": b"x", "b.txt": b"y", "c.jpg": b""})
    with pytest.raises(
        CatalogError, match=r"no readable picture: 3 files \(2 not in a supported picture format, 1 empty\)"
    ):
        scan_source(folder)


def test_an_interrupted_scan_keeps_its_results(folder, tmp_path):
    write_files(folder, {f"{number}.png": picture(number) for number in range(200)})

    def interrupt(_stage: str, done: int, _total: int | None) -> None:
        if done >= 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(folder, cache=tmp_path / "cache", progress=interrupt)
    stored = sum(path.stat().st_size for path in (tmp_path / "cache").glob("thumbs-*/*.shelf"))
    assert stored >= 64 * 64 * 64 * 3
    assert len(scan(folder, cache=tmp_path / "cache")) == 200


@pytest.mark.slow
def test_an_interrupted_scan_keeps_results_of_worker_processes(folder, tmp_path):
    write_files(folder, {f"{number}.png": picture(number) for number in range(1600)})

    def interrupt(_stage: str, done: int, _total: int | None) -> None:
        if done >= 1400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(folder, cache=tmp_path / "cache", progress=interrupt, threads=2)
    stored = sum(path.stat().st_size for path in (tmp_path / "cache").glob("thumbs-*/*.shelf"))
    assert stored >= 1400 * 64 * 64 * 3
    assert len(scan(folder, cache=tmp_path / "cache")) == 1600


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="child processes are listed in /proc")
def test_unflushed_results_of_a_killed_worker_process_are_recomputed(folder, tmp_path):
    write_files(folder, {f"{number}.png": picture(number) for number in range(1600)})

    def kill(_stage: str, done: int, _total: int | None) -> None:
        if done >= 1300:
            for tasks in Path("/proc/self/task").glob("*/children"):
                with contextlib.suppress(OSError):  # the thread or the child has ended
                    for child in tasks.read_text().split():
                        os.kill(int(child), signal.SIGKILL)

    with_killed = scan(folder, cache=tmp_path / "cache", progress=kill, threads=2)
    plain = scan(folder, cache=tmp_path / "other", threads=1)
    assert with_killed.table.equals(plain.table)
    assert np.array_equal(with_killed.thumbs[:], plain.thumbs[:])


def test_a_damaged_cache_changes_nothing(folder, scan_source, tmp_path):
    first = scan_source(write_files(folder, TWO_CLASSES))
    thumbs = first.thumbs[:]
    for path in (tmp_path / "cache").glob("*/*.shelf"):
        data = bytearray(path.read_bytes())
        data[-20] ^= 0xFF
        path.write_bytes(data)
    second = scan_source(folder)
    assert second.table.equals(first.table)
    assert np.array_equal(second.thumbs[:], thumbs)


@pytest.mark.slow
def test_memory_is_constant(folder, tmp_path):
    """The thumbnails of 1,200 more pictures take 15 MB, and are written to disk during the scan."""
    peaks = []
    for count in (600, 1800):
        write_files(folder, {f"{number}.png": picture(number, size=(4, 4)) for number in range(count)})
        tracemalloc.start()
        scan(folder, cache=tmp_path / str(count), threads=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 6_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
def test_unusual_names(folder, scan_source, tmp_path):
    names = [
        b"a\xff.png",
        b"\xe2\x80\x8b.png",
        b"new\nline.png",
        b"wow!/in.png",
        b"=cmd.png",
        b" .png",
        "\U0010ff80".encode(),
    ]
    for number, name in enumerate(names):
        path = os.fsencode(folder) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - names are bytes
        with open(path, "wb") as file:  # noqa: PTH123 - as above
            file.write(picture(number))
    catalog = scan_source(folder)
    assert catalog.readable.all()
    catalog.write(tmp_path / "c.parquet")
    again = type(catalog).load(tmp_path / "c.parquet", cache=tmp_path / "cache")
    assert {data for _, data in again.read(range(7))} == {picture(number) for number in range(7)}
    files = [again.file(row) for row in range(7)]
    assert sorted(os.fsencode(file.relative_to(folder)) for file in files if file) == sorted(names)


def test_the_import_loads_no_machine_learning_library():
    code = "import sys, discern.catalog; print(sorted({'sklearn', 'scipy', 'onnxruntime', 'torch'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize(
    ("pack", "files", "labels", "parts"),
    [
        ("banana_ripeness", 233, 3, {None}),
        ("scones_bicycle_motorcycle", 861, 2, {"train", "test"}),
        ("clothing_small", 886, 10, {"train", "validation", "test"}),
        ("hymenoptera", 253, 2, {"train", "validation"}),
    ],
)
def test_real_packs(real_data, scan_source, pack, files, labels, parts):
    catalog = scan_source(real_data / pack)
    assert len(catalog) == files
    assert catalog.readable.all()
    assert len(catalog.labels) == labels
    assert set(catalog.table["part"]) == parts


@pytest.mark.real
def test_real_unreadable_files(real_data, scan_source):
    catalog = scan_source(real_data / "dirty_samples")
    unreadable = catalog.table.filter(~catalog.readable)
    assert set(unreadable["error"]) == {"not_a_picture"}
    assert len(catalog) > len(unreadable) > 0
