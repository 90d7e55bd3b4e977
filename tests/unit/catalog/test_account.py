"""Each file of a source is used or left out for one reason, and folders and classes without pictures are named."""

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.catalog import Catalog, Fix, apply_fixes, scan
from discern.catalog.account import Account, list_left_out
from discern.catalog.left_out import REASONS, LeftOut, write_left_out
from tests.unit.catalog.factories import cifar_batch, picture, write_archive, write_files, write_tar, write_zip
from tests.unit.conftest import catalog_of

Scan = Callable[[Path], Catalog]
TWO_CLASSES = {"a/0.png": picture(0), "a/1.png": picture(1), "b/2.png": picture(2)}
BROKEN = picture(3)[:40]


def left_out(account: Account) -> dict[str, int]:
    return {reason: number for reason, number in account.left_out.items() if number}


def reasons(catalog: Catalog) -> dict[str, str]:
    return {file.path: file.reason for file in list_left_out(catalog)}


def test_a_folder_with_one_of_everything(folder: Path, scan_source: Scan) -> None:
    files = {"stray.png": picture(4), "a/cut.png": BROKEN, "a/note.txt": b"hello", "_other/5.png": picture(5)}
    catalog = scan_source(write_files(folder, TWO_CLASSES | files))
    catalog = apply_fixes(catalog, [Fix(path="a/1.png", action="drop", why="blurred: too blurred")])
    catalog = replace(catalog, left_out=(*catalog.left_out, LeftOut("a/Thumbs.db", "system_file")))
    account = Account.of(catalog, unjudged=("b",))
    assert (account.found, account.used, account.unreadable) == (8, 3, 2)
    assert dict(account.left_out) == dict.fromkeys(REASONS, 0) | {
        "no_label": 1,
        "unreadable": 2,
        "dropped_by_fix": 1,
        "system_file": 1,
    }
    assert (account.classes, account.unjudged) == ({"a": 1, "b": 1}, ("b",))
    listed = list_left_out(catalog)
    assert [file.path for file in listed] == ["a/1.png", "a/Thumbs.db", "a/cut.png", "a/note.txt", "stray.png"]
    assert listed[0] == LeftOut("a/1.png", "dropped_by_fix", "blurred: too blurred")
    assert "not a supported picture format" in listed[3].message


def test_pictures_without_labels_are_not_used(folder: Path, scan_source: Scan) -> None:
    account = Account.of(scan_source(write_files(folder, {"0.png": picture(0), "1.png": picture(1)})))
    assert (account.found, account.used, left_out(account), account.classes) == (2, 0, {"no_label": 2}, {})


def test_a_list_that_is_used_is_not_a_picture(folder: Path, scan_source: Scan) -> None:
    files = TWO_CLASSES | {"metadata.csv": b"file_name,label\na/0.png,x\na/1.png,y\nnone.png,y\n", "a/x.txt": b"x"}
    catalog = scan_source(write_files(folder, files))
    assert reasons(catalog) == {
        "metadata.csv": "not_a_picture",
        "a/x.txt": "unreadable",
        "none.png": "unreadable",
        "b/2.png": "no_label",
    }
    assert (Account.of(catalog).found, Account.of(catalog).used) == (6, 2)


def test_a_list_that_is_not_used_is_unreadable(folder: Path, scan_source: Scan) -> None:
    catalog = scan_source(write_files(folder, TWO_CLASSES | {"metadata.csv": b"file_name,label\nx.png,x\n"}))
    assert reasons(catalog) == {"metadata.csv": "unreadable"}
    assert "This listing is not used" in list_left_out(catalog)[0].message


def test_files_that_a_list_names_for_their_pictures_are_not_pictures(folder: Path, scan_source: Scan) -> None:
    listed = json.dumps({"1": ["data/metadata/1.json"], "2": ["data/metadata/2.json"]}).encode()
    files = {"file_list.json": listed} | {
        name: data
        for number in (1, 2)
        for name, data in (
            (f"data/metadata/{number}.json", b"{}"),
            (f"data/bin-images/{number}.jpg", picture(number)),
        )
    }
    catalog = scan_source(write_files(folder, files))
    assert set(reasons(catalog).values()) == {"not_a_picture"}
    assert (Account.of(catalog).found, Account.of(catalog).used) == (5, 2)


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_pictures_that_the_table_of_an_archive_does_not_list_have_no_label(
    scan_source: Scan, tmp_path: Path, suffix: str
) -> None:
    files = TWO_CLASSES | {
        "t.csv": b"file,label\na/0.png,x\na/1.png,y\nnone.png,y\n",
        "b/cut.png": BROKEN,
        "x.txt": b"x",
    }
    catalog = scan_source(write_archive(tmp_path / f"p{suffix}", files))
    assert {path.partition("!/")[2]: reason for path, reason in reasons(catalog).items()} == {
        "t.csv": "not_a_picture",
        "x.txt": "not_a_picture",
        "b/2.png": "no_label",
        "b/cut.png": "unreadable",
        "none.png": "unreadable",
    }
    assert (Account.of(catalog).found, Account.of(catalog).used) == (7, 2)


def test_a_table_that_lists_a_file_twice(scan_source: Scan, tmp_path: Path) -> None:
    files = TWO_CLASSES | {"t.csv": b"file,label\na/0.png,x\na/1.png,y\na/0.png,x\n"}
    account = Account.of(scan_source(write_zip(tmp_path / "p.zip", files)))
    assert (account.found, account.used, left_out(account)) == (4, 2, {"not_a_picture": 1, "no_label": 1})


def test_the_earlier_of_two_members_with_one_name_is_left_out(scan_source: Scan, tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "p.tar", TWO_CLASSES)
    write_tar(tmp_path / "q.tar", {"a/0.png": picture(9)})
    ends = b"\0" * 1024
    joined = archive.read_bytes().rstrip(b"\0")
    padded = joined + b"\0" * (-len(joined) % 512)
    archive.write_bytes(padded + (tmp_path / "q.tar").read_bytes() + ends)
    catalog = scan_source(archive)
    assert reasons(catalog) == {"p.tar!/a/0.png": "conflict"}
    assert (Account.of(catalog).found, Account.of(catalog).used) == (4, 3)


def test_the_class_names_of_cifar_are_not_a_picture(folder: Path, scan_source: Scan) -> None:
    planes = np.arange(2 * 3072).reshape(2, 3072).astype(np.uint8)
    files = {
        "data_batch_1": cifar_batch(planes, [0, 1]),
        "batches.meta": cifar_batch(planes, ["x", "y"], key=b"label_names"),
    }
    catalog = scan_source(write_files(folder, files))
    assert reasons(catalog) == {"batches.meta": "not_a_picture"}
    assert Account.of(catalog).classes == {"x": 1, "y": 1}


def test_classes_without_a_usable_picture_are_named(folder: Path, scan_source: Scan) -> None:
    (folder / "ring" / "old").mkdir(parents=True)
    catalog = scan_source(write_files(folder, TWO_CLASSES | {"cone/0.jpg": b"<html>", "cone/in/1.jpg": b"<html>"}))
    account = Account.of(replace(catalog, empty_folders=("a/none", "ring/old")))
    assert account.folders_without_pictures == {"a/none/": 0, "cone/": 2, "ring/": 0}
    assert account.classes_without_pictures == {"cone": 2, "ring": 0}


def test_classes_without_a_picture_below_parts_are_named(folder: Path, scan_source: Scan) -> None:
    files = {f"{part}/{path}": data for part in ("train", "test") for path, data in TWO_CLASSES.items()}
    files |= {"test/cone/0.jpg": b"", "train/b/x/y.jpg": b""}
    catalog = scan_source(write_files(folder, files))
    account = Account.of(replace(catalog, empty_folders=("train/ring", "test/none")))
    assert account.folders_without_pictures == {"test/cone/": 1, "test/none/": 0, "train/b/x/": 1, "train/ring/": 0}
    assert account.classes_without_pictures == {"cone": 1, "none": 0, "ring": 0}


def test_a_folder_is_not_a_class_where_lists_give_the_labels(folder: Path, scan_source: Scan) -> None:
    files = TWO_CLASSES | {"metadata.csv": b"file_name,label\na/0.png,x\na/1.png,y\nb/2.png,z\nb/4.png,w\n"}
    catalog = scan_source(write_files(folder, files))
    account = Account.of(replace(catalog, empty_folders=("ring",)))
    assert (account.folders_without_pictures, account.classes_without_pictures) == ({"ring/": 0}, {"w": 1})


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_a_class_without_pictures_in_an_archive_is_named(scan_source: Scan, tmp_path: Path, name: str) -> None:
    files = {f"top/{path}": data for path, data in TWO_CLASSES.items()} | {"top/cone/0.jpg": b"<html>"}
    account = Account.of(scan_source(write_archive(tmp_path / name, files)))
    assert account.folders_without_pictures == {f"{name}!/top/cone/": 1}
    assert account.classes_without_pictures == {"cone": 1}


def test_a_link_to_a_folder_that_is_not_followed_may_be_a_class(
    folder: Path, scan_source: Scan, tmp_path: Path
) -> None:
    (tmp_path / "ring").mkdir()
    write_files(folder, TWO_CLASSES)
    (folder / "ring").symlink_to(tmp_path / "ring", target_is_directory=True)
    links = (LeftOut("ring", "link_not_followed", "It leads outside."), LeftOut("a/7.png", "link_not_followed"))
    account = Account.of(replace(scan_source(folder), left_out=links))
    assert account.links_not_followed == ("ring", "a/7.png")
    assert account.classes_without_pictures == {"ring": 1}


def test_system_folders_are_not_classes(folder: Path, scan_source: Scan) -> None:
    catalog = scan_source(write_files(folder, TWO_CLASSES))
    files = (LeftOut(".git/HEAD", "system_file"), LeftOut("ring/Thumbs.db", "system_file"))
    account = Account.of(replace(catalog, left_out=files, empty_folders=(".git/refs",)))
    assert account.folders_without_pictures == {"ring/": 1}
    assert account.classes_without_pictures == {"ring": 1}


def test_pictures_that_fixes_move_to_another_class_leave_no_class_behind() -> None:
    catalog = catalog_of(["a", "b"])
    fixed = apply_fixes(catalog, [Fix(path="a/00000.png", action="relabel", value="b")])
    assert (Account.of(fixed).classes, Account.of(fixed).classes_without_pictures) == ({"b": 2}, {})


def test_an_ordered_catalog_lists_its_classes_in_order() -> None:
    account = Account.of(catalog_of(["low", "high", "low"]).ordered(["low", "high"]))
    assert list(account.classes.items()) == [("low", 2), ("high", 1)]


def test_a_file_that_is_counted_twice_is_an_internal_error() -> None:
    catalog = catalog_of(["a", "b"])
    # A picture with a label of the list that is not among the catalog's own.
    catalog.__dict__["labels"] = ("a",)
    with pytest.raises(RuntimeError, match="not each is used or left out"):
        Account.of(catalog)


def test_a_catalog_keeps_its_account_on_disk(folder: Path, scan_source: Scan, tmp_path: Path) -> None:
    catalog = scan_source(
        write_files(folder, TWO_CLASSES | {"metadata.csv": b"file_name,label\na/0.png,x\na/1.png,y\n"})
    )
    catalog = replace(
        catalog, left_out=(*catalog.left_out, LeftOut("\U0010ffff", "conflict", "é")), empty_folders=("e",)
    )
    catalog.write(tmp_path / "c.parquet")
    loaded = Catalog.load_table(tmp_path / "c.parquet")
    assert (loaded.left_out, loaded.empty_folders) == (catalog.left_out, catalog.empty_folders)
    assert Account.of(loaded) == Account.of(catalog)


def test_an_account_survives_json() -> None:
    account = Account.of(catalog_of(["a", None, "_other"]), unjudged=("a",))
    plain = account.to_json()
    assert Account.from_json(json.loads(json.dumps(plain)) | {"name": "a run"}) == account
    assert plain["found"] == plain["used"] + sum(plain["left_out"].values())
    assert plain["unreadable"] == plain["left_out"]["unreadable"]
    assert list(plain["left_out"]) == list(REASONS)


def test_left_out_files_are_written_safely(tmp_path: Path) -> None:
    path = tmp_path / "left_out.csv"
    write_left_out(path, [LeftOut("=1+1.png", "unreadable", "@x"), LeftOut('a,"b"\n.png', "no_label")])
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
    assert rows == [
        ["path", "reason", "message"],
        ["./=1+1.png", "unreadable", "./@x"],
        ['a,"b"\n.png', "no_label", ""],
    ]
    write_left_out(path, [])
    assert path.read_text().splitlines() == ["path,reason,message"]


NAMES = st.sampled_from(
    ["0.png", "1.png", "2.jpg", "a/0.png", "a/1.png", "a/n.txt", "b/0.png", "b/c/1.png", "cone/x.png"]
)
CONTENTS = st.sampled_from([picture(1), picture(2), picture(3), BROKEN, b"", b"some text"])
LISTS = st.sampled_from(["", "metadata.csv", "a/metadata.csv", "x.lst", "t.csv", "metadata.jsonl"])


def list_of(name: str, rows: dict[str, str]) -> bytes:
    if name.endswith(".lst"):
        return "".join(f"{number}\t{label}\t{path}\n" for number, (path, label) in enumerate(rows.items())).encode()
    if name.endswith(".jsonl"):
        return "".join(json.dumps({"file_name": path, "label": label}) + "\n" for path, label in rows.items()).encode()
    return ("file_name,label\n" + "".join(f"{path},{label}\n" for path, label in rows.items())).encode()


@settings(max_examples=60)
@given(
    files=st.dictionaries(NAMES, CONTENTS, min_size=1),
    name=LISTS,
    rows=st.dictionaries(NAMES | st.just("none.png"), st.sampled_from(["0", "1"]), min_size=1),
    packed=st.sampled_from(["", "p.zip", "in/p.tar"]),
    drop=st.integers(0, 7),
)
def test_every_file_is_used_or_left_out_once(
    files: dict[str, bytes], name: str, rows: dict[str, str], packed: str, drop: int
) -> None:
    files = files | {"a/good.png": picture(8), "b/good.png": picture(9)} | ({name: list_of(name, rows)} if name else {})
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "source"
        (source / "in").mkdir(parents=True)
        if packed:
            write_archive(source / packed, files)
        else:
            write_files(source, files)
        source = source / packed if packed == "p.zip" else source
        catalog = scan(source, cache=Path(temporary) / "cache", threads=1)
    prefix = {"": "", "p.zip": "p.zip!/", "in/p.tar": "in/p.tar!/"}[packed]
    paths = catalog.table["path"].to_list()
    fixed = apply_fixes(catalog, [Fix(path=path, action="drop") for path in paths[:: drop + 1][:drop]])
    account, listed = Account.of(fixed), list_left_out(fixed)
    used = fixed.table["path"].filter((fixed.label_index >= 0) | fixed.negative).to_list()
    everywhere = Counter([*used, *(file.path for file in listed)])
    assert set(everywhere.values()) == {1}
    assert {prefix + path for path in files} <= set(everywhere)
    assert {path.removeprefix(prefix) for path in everywhere} - set(files) <= {*rows, *(f"a/{row}" for row in rows)}
    assert account.found == len(everywhere) == account.used + sum(account.left_out.values())
    assert (account.used, account.unreadable) == (len(used), int((~fixed.readable).sum()) + _added(fixed))


def _added(catalog: Catalog) -> int:
    return sum(file.reason == "unreadable" for file in catalog.left_out)
