"""Properties of scans: each file is one row, labelled by its folder, in folders and archives alike."""

import io
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from discern.catalog import Catalog, Fix, apply_fixes, scan

labels = st.sampled_from(["a", "b", "10", "9", "größe", "with space"])
stems = st.sampled_from(["1", "2", "10", "x\u200b", "=1", "wow!"])
trees = st.dictionaries(
    st.tuples(labels, st.sampled_from(["", "sub/"]), stems), st.integers(0, 5), min_size=1, max_size=8
)


def make_files(tree: Mapping[tuple[str, str, str], int]) -> dict[str, bytes]:
    """Return files by path: (label, subfolder, stem) with a colour, 0 for a file that is not a picture."""
    files = {}
    for (label, sub, stem), colour in tree.items():
        file = io.BytesIO()
        Image.new("RGB", (5, 4), (colour, 0, 0)).save(file, "PNG")
        files[f"{label}/{sub}{stem}.png"] = file.getvalue() if colour else b"not a picture"
    return files


def pack(folder: Path, suffix: str, files: Mapping[str, bytes]) -> Path:
    """Write files to an archive with the suffix, or to a folder without one."""
    path = folder / f"in{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    elif suffix == ".tar":
        with tarfile.open(path, "w") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    else:
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    return path


@settings(max_examples=40, deadline=None)
@given(trees, st.sampled_from(["", ".zip", ".tar"]))
def test_every_file_is_a_row_labelled_by_its_folder(tree, suffix):
    files = make_files(tree | {("a", "", "sure"): 1, ("b", "", "sure"): 2})
    with tempfile.TemporaryDirectory() as folder:
        source = pack(Path(folder), suffix, files)
        catalog = scan(source, cache=Path(folder) / "cache", threads=2)
        prefix = f"in{suffix}!/" if suffix else ""
        rows = {path.removeprefix(prefix): row for row, path in enumerate(catalog.table["path"])}
        assert rows.keys() == files.keys()
        assert all(catalog.table["label"][row] == path.split("/")[0] for path, row in rows.items())
        assert all(catalog.readable[row] == (files[path] != b"not a picture") for path, row in rows.items())
        assert {row: files[path] for path, row in rows.items()} == dict(catalog.read(list(rows.values())))
        catalog.write(Path(folder) / "c.parquet")
        assert Catalog.load(Path(folder) / "c.parquet", cache=Path(folder) / "cache").fingerprint == catalog.fingerprint


@settings(max_examples=40, deadline=None)
@given(trees, st.data())
def test_fixes_change_only_what_they_name(tree, data):
    files = make_files(tree | {("a", "", "sure"): 1})
    with tempfile.TemporaryDirectory() as folder:
        catalog = scan(pack(Path(folder), "", files), cache=Path(folder) / "cache", threads=1)
        paths = catalog.table["path"].to_list()
        dropped = data.draw(st.sets(st.sampled_from(paths)))
        relabelled = data.draw(st.dictionaries(st.sampled_from(paths), st.sampled_from("xyz")))
        joined = data.draw(st.lists(st.tuples(st.sampled_from(paths), st.sampled_from(paths)), max_size=5))
        fixes = [Fix(path=path, action="drop") for path in dropped]
        fixes += [Fix(path=path, action="relabel", value=label) for path, label in relabelled.items()]
        fixes += [Fix(path=one, action="group", other=other) for one, other in joined]
        fixed = apply_fixes(catalog, fixes)
        assert fixed.table["path"].to_list() == [path for path in paths if path not in dropped]
        group = dict(zip(fixed.table["path"], fixed.table["group"], strict=True))
        assert all(group[one] == group[other] for one, other in joined if one in group and other in group)
        grouped = {path for pair in joined for path in pair}
        assert all((group[path] is None) == (path not in grouped) for path in group)
        for path, label in zip(fixed.table["path"], fixed.table["label"], strict=True):
            assert label == relabelled.get(path, path.split("/")[0])
        unchanged = ["path", "bytes", "content", "pixels", "part", "error"]
        kept = catalog.table.filter(~catalog.table["path"].is_in(list(dropped)))
        assert fixed.table.select(unchanged).equals(kept.select(unchanged))
