"""Whatever a list says, each picture it names is one row, with its label, or with the reason why there is none."""

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.catalog.factories import picture

from discern.catalog import scan
from discern.catalog.formats.listing.listing_entry import places_inside
from discern.catalog.formats.listing.listing_source import read_listing
from discern.catalog.path_text import leads_outside
from discern.errors import CatalogError

names = st.sampled_from(["1.png", "2.png", "größe.png", "a b.png", "deep/er/1.png", "x\u200b.png"])
labels = st.sampled_from(["0", "1", "cat", "größe"])
listed = st.dictionaries(names, st.tuples(labels, st.booleans()), min_size=1, max_size=6)
texts = st.text(st.sampled_from('ab/\\.:"{}[],\t\n0'), max_size=40)


def write(form: str, rows: dict[str, str]) -> str:
    if form == "all.lst":
        return "".join(f"{at}\t{label}\t{path}\r\n" for at, (path, label) in enumerate(rows.items()))
    if form == "all.manifest":
        return "\n".join(json.dumps({"source-ref": f"s3://b/c/{path}", "class": label}) for path, label in rows.items())
    if form == "metadata.csv":
        return "\ufefffile_name,label\n" + "".join(f'"{path}",{label}\n' for path, label in rows.items())
    of_label: dict[str, list[str]] = {}
    for path, label in rows.items():
        of_label.setdefault(label, []).append(path)
    return json.dumps(of_label)


@settings(max_examples=60, deadline=None)
@given(listed, st.sampled_from(["all.lst", "all.manifest", "metadata.csv", "file_list.json"]), st.booleans())
def test_every_picture_that_is_named_is_a_row(tree, form, pointed):
    tree |= {"sure.png": ("cat", True)}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "in"
        for number, (path, (_, there)) in enumerate(tree.items()):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if there:
                (folder / path).write_bytes(picture(number))
        (folder / form).write_text(write(form, {path: label for path, (label, _) in tree.items()}), encoding="utf-8")
        catalog = scan(folder / form if pointed else folder, cache=Path(place) / "cache", threads=1)
        expected = {path: (label, there) for path, (label, there) in tree.items()}
        lost = "s3://b/c/" if form == "all.manifest" else ""
        found = zip(catalog.table["path"], catalog.table["label"], catalog.readable, strict=True)
        assert {path.removeprefix(lost): (label, bool(there)) for path, label, there in found} == expected


@given(texts, st.sampled_from(["t.lst", "t.manifest", "t.jsonl", "t.csv", "file_list.json"]))
def test_any_text_is_a_list_or_a_named_error(text, name):
    try:
        entries = read_listing(name, text.encode())
    except CatalogError as error:
        entries = []
        said = str(error)
        assert name in said
    assert all(entry.path for entry in entries)


@given(texts)
def test_no_place_leads_outside(path):
    assert not any(leads_outside(place) for place in places_inside(path))
