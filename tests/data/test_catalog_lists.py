"""Properties of listings: each listed picture is one row, with its label or with an error."""

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.catalog.factories import picture

from discern.catalog import scan
from discern.catalog.formats.listing.listing_entry import paths_inside
from discern.catalog.formats.listing.listing_source import read_listing
from discern.catalog.path_text import leads_outside
from discern.errors import CatalogError

names = st.sampled_from(["1.png", "2.png", "größe.png", "a b.png", "deep/er/1.png", "x\u200b.png"])
labels = st.sampled_from(["0", "1", "cat", "größe"])
listed = st.dictionaries(names, st.tuples(labels, st.booleans()), min_size=1, max_size=6)
texts = st.text(st.sampled_from('ab/\\.:"{}[],\t\n0'), max_size=40)


def write(name: str, rows: dict[str, str]) -> str:
    """Write a listing in the format of its name."""
    if name == "all.lst":
        return "".join(f"{at}\t{label}\t{path}\r\n" for at, (path, label) in enumerate(rows.items()))
    if name == "all.manifest":
        return "\n".join(json.dumps({"source-ref": f"s3://b/c/{path}", "class": label}) for path, label in rows.items())
    if name == "metadata.csv":
        return "\ufefffile_name,label\n" + "".join(f'"{path}",{label}\n' for path, label in rows.items())
    by_label: dict[str, list[str]] = {}
    for path, label in rows.items():
        by_label.setdefault(label, []).append(path)
    return json.dumps(by_label)


@settings(max_examples=60, deadline=None)
@given(listed, st.sampled_from(["all.lst", "all.manifest", "metadata.csv", "file_list.json"]), st.booleans())
def test_every_listed_picture_is_a_row(tree, name, is_source):
    tree |= {"sure.png": ("cat", True)}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "in"
        for number, (path, (_, exists)) in enumerate(tree.items()):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if exists:
                (folder / path).write_bytes(picture(number))
        (folder / name).write_text(write(name, {path: label for path, (label, _) in tree.items()}), encoding="utf-8")
        catalog = scan(folder / name if is_source else folder, cache=Path(place) / "cache", threads=1)
        expected = dict(tree)
        prefix = "s3://b/c/" if name == "all.manifest" else ""
        found = zip(catalog.table["path"], catalog.table["label"], catalog.readable, strict=True)
        assert {path.removeprefix(prefix): (label, bool(readable)) for path, label, readable in found} == expected


@given(texts, st.sampled_from(["t.lst", "t.manifest", "t.jsonl", "t.csv", "file_list.json"]))
def test_any_text_is_a_listing_or_an_error(text, name):
    try:
        entries = read_listing(name, text.encode())
    except CatalogError as error:
        entries = []
        message = str(error)
        assert name in message
    assert all(entry.path for entry in entries)


@given(texts)
def test_no_path_leads_outside(text):
    assert not any(leads_outside(path) for path in paths_inside(text))
