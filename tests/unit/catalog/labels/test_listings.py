import json

import polars as pl
import pytest

from discern.errors import CatalogError
from tests.unit.catalog.factories import picture, write_archive, write_files

ROWS = [
    ("test/e.png", "x", "test"),
    ("test/f.png", "y", "test"),
    ("train/a.png", "x", "train"),
    ("train/b.png", "y", "train"),
    ("train/c.png", "x", "train"),
    ("train/d.png", "y", "train"),
]
FLAT = {path: picture(at) for at, (path, _, _) in enumerate(ROWS)}
CLASSES = {f"{label}/{at}.png": picture(at + ord(label)) for label in "cd" for at in range(3)}


def lst(pairs: list[tuple[str, str]]) -> str:
    return "".join(f"{at}\t{label}\t{path}\n" for at, (path, label) in enumerate(pairs))


def table(pairs: list[tuple[str, str]]) -> str:
    return "file_name,label\n" + "".join(f"{path},{label}\n" for path, label in pairs)


def lines(pairs: list[tuple[str, str]]) -> str:
    return "".join(json.dumps({"file_name": path, "label": label}) + "\n" for path, label in pairs)


def manifest(pairs: list[tuple[str, str]]) -> str:
    return "".join(json.dumps({"source-ref": f"s3://b/set/{path}", "label": label}) + "\n" for path, label in pairs)


def lists(name: str, write, folder: str = "") -> dict[str, bytes]:
    """Return a listing for each part; `folder` is prepended to each path."""
    pairs = {
        part: [(path[len(part) + 1 :], label) for path, label, of in ROWS if of == part] for part in ("train", "test")
    }
    return {
        name.format(part): write([(folder.format(part) + path, label) for path, label in named]).encode()
        for part, named in pairs.items()
    }


@pytest.mark.parametrize("suffix", ["", ".zip", ".tar"])
@pytest.mark.parametrize(
    "listed",
    [
        lists("{0}.lst", lst),
        lists("{0}_lst/{0}.lst", lst),
        lists("bikes_{0}.lst", lst, "{0}/"),
        lists("{0}.manifest", manifest, "{0}/"),
        lists("{0}/data.jsonl", manifest),
        lists("{0}/metadata.csv", table),
        lists("{0}/metadata.jsonl", lines),
    ],
    ids=lambda listed: next(iter(listed)),
)
def test_listings_label_pictures(scan_source, tmp_path, listed, suffix):
    place = tmp_path / f"set{suffix}"
    source = write_archive(place, FLAT | listed) if suffix else write_files(place, FLAT | listed)
    found = scan_source(source).table
    prefix = f"set{suffix}!/" if suffix else ""
    assert found.select(pl.col("path").str.strip_prefix(prefix), "label", "part").rows() == ROWS


def test_one_table_lists_all_parts(folder, scan_source):
    file = folder / "metadata.parquet"
    rows = {"file_name": [row[0] for row in ROWS], "label": [row[1] for row in ROWS], "patient": [1, 1, 2, 3, 3, 4]}
    pl.DataFrame(rows).write_parquet(write_files(folder, FLAT) / file.name)
    found = scan_source(folder).table
    assert found.select("path", "label", "part").rows() == ROWS
    assert found["group"].to_list() == ["1", "1", "2", "3", "3", "4"]


def test_a_file_list_of_bins_lists_metadata_files(folder, scan_source):
    files = {f"bin-images/{number}.jpg": picture(number) for number in (7, 8)}
    files |= {f"data/metadata/{number}.json": b"{}" for number in (7, 8, 9)}
    listed = {"1": ["data/metadata/7.json", "data/metadata/9.json"], "2": ["data/metadata/8.json"]}
    found = scan_source(write_files(folder, files | {"file_list.json": json.dumps(listed).encode()})).table
    assert found.select("path", "label", "error").rows() == [
        ("bin-images/7.jpg", "1", None),
        ("bin-images/8.jpg", "2", None),
        ("data/metadata/9.json", "1", "unreadable_file"),
    ]


STRAY = {
    "metadata.csv": b"file_name,label\nc/0.png,odd\n",
    "c/metadata.jsonl": b'{"file_name": "0.png", "label": "odd"}\n',
    "d/train.lst": b"0\t1\t0.png\n",
    "metadata.jsonl": b'{"file_name": "c/0.png", "text": "a caption"}\n',
    "x.manifest": b'{"source-ref": "s3://b/elsewhere.png", "label": 1}\n',
    "file_list.json": b'{"1": ["c/0.json"]}',
    "y.lst": b"3\t\x00",
    "z.jsonl": b'{"file_name": ',
    "x.lst": b"\\begin{lstlisting}\n",
    "metadata.parquet": b"PAR1",
}


@pytest.mark.parametrize("name", STRAY)
def test_a_stray_listing_among_class_folders_changes_nothing(folder, scan_source, name):
    found = scan_source(write_files(folder, CLASSES | {name: STRAY[name]})).table
    pictures = found.filter(pl.col("error").is_null())
    assert pictures.select("path", "label").rows() == [(path, path[0]) for path in CLASSES]
    (message,) = found.filter(pl.col("error").is_not_null())["message"]
    assert message.startswith("This listing is not used. ")


def test_a_listing_of_half_the_pictures_replaces_all_labels(folder, scan_source):
    named = table([("c/0.png", "x"), ("c/1.png", "x"), ("d/0.png", "y")]).encode()
    found = scan_source(write_files(folder, CLASSES | {"metadata.csv": named})).table
    assert found["label"].to_list() == ["x", "x", None, "y", None, None]


@pytest.mark.parametrize("numbered", ["c0 c0 c0 d1 d1 d1", "c7 c7 d2 d2", "c0 c0 c0"])
def test_class_numbers_become_folder_names(folder, scan_source, numbered):
    rows = [(f"{one[0]}/{at % 3}.png", one[1:]) for at, one in enumerate(numbered.split())]
    files = {"all.lst": lst([*rows, ("c/lost.png", rows[0][1])]).encode()}
    found = scan_source(write_files(folder, CLASSES | files)).table
    assert found["label"].to_list() == ["c"] * 4 + ["d"] * 3
    assert found.filter(pl.col("error").is_not_null())["path"].to_list() == ["c/lost.png"]


@pytest.mark.parametrize("labels", ["0 0 1 1 1 1", "0 1 2 3 4 5", "0 0 0 0 0 0", "x x x y y y"])
def test_labels_that_differ_from_the_folders_are_used(folder, scan_source, labels):
    rows = list(zip(CLASSES, labels.split(), strict=True))
    found = scan_source(write_files(folder, CLASSES | {"all.lst": lst(rows).encode()})).table
    assert found["label"].to_list() == labels.split()


def test_a_listing_of_few_pictures_is_used_without_class_folders(folder, scan_source):
    files = {f"{number}.png": picture(number) for number in range(9)}
    found = scan_source(write_files(folder, files | {"metadata.csv": table([("3.png", "x")]).encode()})).table
    assert found["label"].to_list() == [None] * 3 + ["x"] + [None] * 5


def test_a_listing_in_a_class_folder_applies_to_that_folder(folder, scan_source):
    named = table([(f"{number}.png", "x") for number in range(3)]).encode()
    found = scan_source(write_files(folder, CLASSES | {"c/metadata.csv": named})).table
    assert found["label"].to_list() == ["x"] * 3 + ["d"] * 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train.lst": b"0\t1\ta.png\n1\tb.png\n"}, r"train\.lst, line 2"),
        (
            {"metadata.csv": b"file_name,label\na.png,x\na.png,y\n"},
            r"metadata\.csv, line 3: 'a\.png' is already listed",
        ),
        ({"metadata.jsonl": b'{"file_name": "a.png", "label": ["x"]}'}, "label is a list"),
        ({"x.manifest": b'{"source-ref": "s3://b/z.png", "label": 1}'}, "lists none of the 2 pictures"),
        ({"train.lst": b"0\t1\ta.png\n", "test.lst": b"0\t1\ta.png\n"}, r"'a\.png' is already listed"),
        ({"file_list.json": b'{"1": ["a.png"], "1": ["b.png"]}'}, "the key '1' is duplicated"),
    ],
)
def test_an_invalid_listing_is_an_error_without_other_labels(folder, scan_source, files, message):
    write_files(folder, {"a.png": picture(1), "b.png": picture(2)} | files)
    with pytest.raises(CatalogError, match=message):
        scan_source(folder)


def test_an_unrelated_listing_changes_nothing(folder, scan_source):
    files = {"a.png": picture(1), "metadata.csv": b"file_name,text\na.png,a bike\n", "b.lst": b"\x80"}
    catalog = scan_source(write_files(folder, files))
    assert catalog.labels == ()
    assert catalog.table["path"].to_list() == ["a.png", "b.lst", "metadata.csv"]


def test_paths_that_lead_outside_are_rows_and_never_read(folder, scan_source, tmp_path):
    write_files(tmp_path, {"secret.png": picture(9)})
    rows = lst([("a.png", "x"), ("../secret.png", "x"), (str(tmp_path / "secret.png"), "y"), ("b.png", "y")])
    files = {"a.png": picture(1), "b.png": picture(2), "all.lst": rows.encode()}
    for source in (write_files(folder, files), folder / "all.lst"):
        found = scan_source(source).table
        assert found.filter(pl.col("error").is_null())["path"].to_list() == ["a.png", "b.png"]
        assert found.filter(pl.col("error") == "unreadable_file").height == 2
        assert "leads outside" in "".join(found["message"].drop_nulls())


def test_real_pictures_with_lst_files(real_data, scan_source, tmp_path):
    pack = real_data / "scones_bicycle_motorcycle"
    files, rows = {}, {"train": [], "test": []}
    for path in sorted(pack.glob("*/*/*.png"))[::20]:
        part, label, name = path.relative_to(pack).parts
        files[f"{part}/{label}_{name}"] = path.read_bytes()
        rows[part].append((f"{label}_{name}", label))
    listed = {f"{part}.lst": lst(pairs).encode() for part, pairs in rows.items()}
    found = scan_source(write_files(tmp_path / "scones", files | listed)).table
    assert found.height == len(files) > 40
    assert all(
        path.startswith(f"{part}/{label}_") for path, label, part in found.select("path", "label", "part").rows()
    )


ONE_HOT = "filename, cat, dog\n{0}0.png, 1, 0\n{0}1.png, 0, 1\n"
PAIR = {"0.png": picture(0), "1.png": picture(1)}


@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_one_column_for_each_class_labels_the_parts_of_an_export(scan_source, tmp_path, suffix):
    files = {f"{part}/{name}": data for part in ("train", "valid") for name, data in PAIR.items()}
    files |= {f"{part}/_classes.csv": ONE_HOT.format("").encode() for part in ("train", "valid")}
    place = tmp_path / f"set{suffix}"
    catalog = scan_source(write_archive(place, files) if suffix else write_files(place, files))
    assert catalog.table["label"].to_list() == ["cat", "dog"] * 2
    assert catalog.table["part"].to_list() == ["train"] * 2 + ["validation"] * 2
    assert [(left.path[-18:], left.reason) for left in catalog.left_out] == [
        ("train/_classes.csv", "not_a_picture"),
        ("valid/_classes.csv", "not_a_picture"),
    ]
    assert "The classes in" in catalog.notes[0]


@pytest.mark.parametrize(("folders", "labels"), [(("", ""), "xy"), (("in/", "in/"), "xy"), (("c/", "d/"), "cd")])
def test_paths_of_another_machine_are_used_unless_folders_name_classes(folder, scan_source, folders, labels):
    listed = {"metadata.csv": table([("C:\\set\\0.png", "x"), ("C:\\set\\1.png", " y")]).encode()}
    pictures = {f"{place}{name}": data for place, (name, data) in zip(folders, PAIR.items(), strict=True)}
    catalog = scan_source(write_files(folder, pictures | listed))
    assert catalog.table.filter(catalog.readable)["label"].to_list() == list(labels)
    assert any("lead to no file" in note for note in catalog.notes) == (labels == "xy")


def test_other_spellings_of_names_are_found_among_pictures(folder, scan_source):
    listed = table(
        [("C\\0.PNG", "x"), (" c/1", "x"), ("./c//2.png", "x"), ("d/0.png", "y"), ("D/1.png", "y"), ("d/2", "y")]
    )
    found = scan_source(write_files(folder, CLASSES | {"metadata.csv": listed.encode()})).table
    assert found["label"].to_list() == ["x"] * 3 + ["y"] * 3
    assert found["error"].null_count() == 6
