import csv
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.unit.full_disk import full_disk

from discern.catalog import scan
from discern.errors import CatalogError, UsageError
from discern.grouping import Groups, find_edges, form_groups
from discern.splitting import SplitConfig, make_split, write_parts
from discern.splitting.file_names import safe_name


def picture(seed: int, file_format: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, file_format)
    return data.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Two classes of twenty pictures, and a few files with unusual names, formats or contents."""
    root = tmp_path / "photos"
    for label, seed in (("Cat", 0), ("dog", 100)):
        (root / label).mkdir(parents=True)
        for number in range(20):
            (root / label / f"{number:02d}.png").write_bytes(picture(seed + number))
    (root / "dog" / "=cmd.png").write_bytes(picture(900))
    (root / "dog" / "no suffix").write_bytes(picture(901, "JPEG"))
    (root / "dog" / "lying.jpg").write_bytes(picture(902, "WEBP"))
    (root / "dog" / "damaged.png").write_bytes(b"")
    return root


@pytest.fixture
def split_catalog(folder, tmp_path):
    catalog = scan(folder, cache=tmp_path / "cache")
    return catalog, make_split(catalog, form_groups(catalog, find_edges(catalog)))


def lst_lines(path):
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def test_parts_contain_class_folders(split_catalog, tmp_path):
    catalog, split = split_catalog
    out = tmp_path / "out"
    write_parts(catalog, split, out)
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert len([name for name in written if "/" in name]) == np.count_nonzero(split.part != "") == 43
    for part in ("train", "validation", "test"):
        rows = np.flatnonzero(split.part == part)
        assert {path.name for path in (out / part).iterdir()} == {"Cat", "dog"}
        contents = {path.read_bytes() for path in (out / part).rglob("*.*") if path.is_file()}
        assert contents == {data for _, data in catalog.read(rows)}
    shares = [np.mean(split.part[split.part != ""] == part) for part in ("train", "validation", "test")]
    assert np.abs(np.array(shares) - (0.7, 0.2, 0.1)).max() < 0.05


def test_names_get_the_suffix_of_their_format(split_catalog, tmp_path):
    write_parts(*split_catalog, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").rglob("*")}
    assert {"no suffix.jpg", "lying.jpg.webp", "=cmd.png"} <= names


def test_the_table_lists_every_picture(split_catalog, tmp_path):
    catalog, split = split_catalog
    write_parts(catalog, split, tmp_path / "out")
    with (tmp_path / "out" / "split.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(catalog)
    assert {row["path"] for row in rows} >= {"Cat/00.png", "dog/=cmd.png"}
    row_of = {path: row for row, path in enumerate(catalog.table["path"])}
    for row in rows:
        assert row["part"] == split.part[row_of[row["path"]]]
        assert row["label"] == catalog.table["label"][row_of[row["path"]]]
    assert {row["part"] for row in rows if row["path"] == "dog/damaged.png"} == {""}


def test_lists_have_files_and_class_numbers(split_catalog, tmp_path):
    catalog, split = split_catalog
    write_parts(catalog, split, tmp_path / "out")
    for part in ("train", "validation", "test"):
        lines = lst_lines(tmp_path / "out" / f"{part}.lst")
        assert [int(index) for index, _, _ in lines] == list(range(np.count_nonzero(split.part == part)))
        for _, label, file in lines:
            assert file.split("/")[:2] == [part, catalog.labels[int(label)]]
            assert (tmp_path / "out" / file).is_file()


def test_an_edit_of_a_part_does_not_change_the_original(split_catalog, folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_parts(*split_catalog, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*.*"):
        if path.is_file():
            assert not path.is_symlink()
            with path.open("r+b") as file:
                file.write(b"edited")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_originals_are_linked_on_request(split_catalog, folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_parts(*split_catalog, tmp_path / "linked", link=True)
    write_parts(*split_catalog, tmp_path / "copied")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    original = folder / "Cat" / "00.png"
    (linked,) = (tmp_path / "linked").rglob("Cat/00.png")
    (copied,) = (tmp_path / "copied").rglob("Cat/00.png")
    assert linked.samefile(original)
    assert not copied.samefile(original)


@pytest.mark.parametrize("link", [False, True])
def test_a_full_disk_leaves_nothing_behind_and_names_the_remedy(split_catalog, tmp_path, link):
    with pytest.raises(UsageError, match="cannot be written") as caught, full_disk():
        write_parts(*split_catalog, tmp_path / "place" / "out", link=link)
    assert list((tmp_path / "place").iterdir()) == []
    assert caught.value.hint.startswith("Free disk space")
    assert ("--link" in caught.value.hint) is not link


def test_members_of_an_archive_are_extracted(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder).as_posix())
    catalog = scan(tmp_path / "photos.zip", cache=tmp_path / "cache")
    split = make_split(catalog, form_groups(catalog, find_edges(catalog)))
    write_parts(catalog, split, tmp_path / "out")
    (written,) = (tmp_path / "out").rglob("Cat/00.png")
    assert written.read_bytes() == (folder / "Cat" / "00.png").read_bytes()


@pytest.mark.parametrize("inside", ["something.txt", "folder/"])
def test_a_folder_that_is_not_empty_is_an_error(split_catalog, tmp_path, inside):
    out = tmp_path / "out"
    out.mkdir()
    (out / inside).mkdir() if inside.endswith("/") else (out / inside).write_text("mine")
    with pytest.raises(UsageError, match="not empty") as caught:
        write_parts(*split_catalog, out)
    assert caught.value.hint
    assert len(list(out.iterdir())) == 1


def test_an_existing_file_is_an_error(split_catalog, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="cannot be written"):
        write_parts(*split_catalog, tmp_path / "file" / "out")
    with pytest.raises(UsageError, match="not empty"):
        write_parts(*split_catalog, tmp_path / "file")


def test_an_empty_folder_is_used(split_catalog, tmp_path):
    (tmp_path / "out").mkdir()
    write_parts(*split_catalog, tmp_path / "out")
    assert (tmp_path / "out" / "train.lst").is_file()


@pytest.mark.parametrize("link", [False, True])
def test_a_failed_write_leaves_nothing_behind(split_catalog, folder, tmp_path, link):
    (folder / "dog" / "00.png").unlink()
    with pytest.raises(CatalogError, match="is missing"):
        write_parts(*split_catalog, tmp_path / "place" / "out", link=link)
    assert list((tmp_path / "place").iterdir()) == []


def test_hostile_labels_stay_inside_and_distinct(make_catalog, make_groups, tmp_path):
    (tmp_path / "photos").mkdir()
    paths = [f"{number}.png" for number in range(8)]
    for number, path in enumerate(paths):
        (tmp_path / "photos" / path).write_bytes(picture(number))
    labels = ["..", "../up", "A", "a", "CON", "/abs", "x" * 300, "\u200b"]
    catalog = make_catalog(labels, root=tmp_path / "photos", path=paths)
    split = replace(make_split(catalog, make_groups(range(8))), part=np.array(["train"] * 8))
    write_parts(catalog, split, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos"]
    folders = [path.name for path in (tmp_path / "out" / "train").iterdir()]
    assert len({name.casefold() for name in folders}) == 8
    assert max(map(len, folders)) <= 200


def test_equal_names_get_numbers(make_catalog, make_groups, tmp_path):
    paths = [f"{folder}/IMG_1.{suffix}" for folder in "abc" for suffix in ("png", "PNG")]
    for number, path in enumerate(paths):
        (tmp_path / "photos" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / path).write_bytes(picture(number))
    catalog = make_catalog(["one"] * 6, root=tmp_path / "photos", path=paths)
    split = replace(make_split(catalog, make_groups(range(6))), part=np.array(["train"] * 6))
    write_parts(catalog, split, tmp_path / "out")
    names = sorted(path.name.casefold() for path in (tmp_path / "out" / "train" / "one").iterdir())
    assert names == [f"img_1{number}.png" for number in ("-2", "-3", "-4", "-5", "-6", "")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("plain.jpg", "plain.jpg"),
        ("a/b\\c:d.jpg", "a_b_c_d.jpg"),
        ("nul.png", "_nul.png"),
        ("trailing. ", "trailing"),
        ("", "_"),
        ("...", "_"),
        ("zero\u200bwidth", "zero_width"),
        ("e\u0301", "é"),
        ("é" * 150, "é" * 100),
        ("\udcff.png", "_.png"),
    ],
)
def test_safe_names(text, name):
    assert safe_name(text) == name


def test_torchvision_reads_the_parts(split_catalog, tmp_path):
    datasets = pytest.importorskip("torchvision.datasets")
    catalog, split = split_catalog
    write_parts(catalog, split, tmp_path / "out")
    for part in ("train", "validation", "test"):
        folder = datasets.ImageFolder(tmp_path / "out" / part)
        assert tuple(folder.classes) == catalog.labels
        truth = sorted(catalog.label_index[split.part == part].tolist())
        assert sorted(target for _, target in folder) == truth


def test_shares_can_be_given(folder, tmp_path):
    catalog = scan(folder, cache=tmp_path / "cache")
    groups = Groups(group=np.arange(len(catalog)), cross_pairs=find_edges(catalog).clear())
    split = make_split(catalog, groups, SplitConfig(parts=(80, 20, 0)))
    write_parts(catalog, split, tmp_path / "out")
    assert not (tmp_path / "out" / "test").exists()
    assert (tmp_path / "out" / "test.lst").read_text() == ""
