"""docs/formats/bundle.md is true: real bundles have the documented members, graph and keys, and no others pass."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from discern.bundle.archive import MEMBER_LIMITS, MEMBERS, OPTIONAL
from discern.bundle.manifest_schema import check_manifest
from tests.compatibility.stored_files import FORMAT_1
from tests.e2e.format_pages import Checker, read_manifest, read_page
from tests.e2e.server_process import Workspace

STORED = FORMAT_1 / "finished/model.discern"
CLOSED = ("bundlejson", "recipe", "thresholds", "display-name")


@pytest.mark.slow
def test_bundles_have_the_documented_members_and_keys(trained: Any, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("label,alias\nscarlet,red", encoding="utf-8")
    renamed = tmp_path / "renamed/model.discern"
    renamed.parent.mkdir()
    workspace.json("rename", STORED, "--names", tmp_path / "names.csv", "--out", renamed)
    page, checker = read_page("bundle.md"), Checker()
    assert page.column("bundle", "Member") == [*MEMBERS, *OPTIONAL]
    limits = {row["Member"].strip("`"): row["Largest size"] for row in page.tables["bundle"][0]}
    assert {name: f"{size >> 20} MiB" for name, size in MEMBER_LIMITS.items()}.items() <= limits.items()
    for bundle in (Path(trained["bundle"]), STORED, renamed):
        plain = read_manifest(bundle)
        metrics = plain.pop("metrics")
        known = {key: kind for key, kind in page.types("bundlejson").items() if key != "metrics"}
        checker.check_keys(plain, known, "bundle.md", "bundlejson", bundle.parent.name)
        check_bundled_metrics(checker, metrics)
    assert checker.problems == []
    # Neither bundle has another method than the default, or its settings.
    unseen = [key for key in checker.unseen("bundle.md") if not key.startswith("method-settings.")]
    assert unseen == ["bundlejson.metrics", "recipe.white", "split-config.draw_test"]


def check_bundled_metrics(checker: Checker, metrics: Any) -> None:
    """Compare the metrics of a bundle with the sentence that names the parts that it carries."""
    types = read_page("metrics.md").types("metricsjson")
    prose = " ".join(read_page("bundle.md").prose["metrics"].split())
    whole, of_sets, of_curve = (re.findall(r"`(\w+)`", each) for each in re.split(r"of (?=`)", prose.split(": ", 1)[1]))
    sets, curve = of_sets[1:], of_curve[1:]
    checker.check_keys(
        metrics,
        {name: types[name] for name in whole} | {"conformal": "object or null", "learning_curve": "object or null"},
        "metrics.md",
        "metricsjson",
        "bundle metrics",
    )
    assert metrics["conformal"].keys() == set(sets)
    assert (metrics["learning_curve"] or dict.fromkeys(curve)).keys() == set(curve)


class _Asked(dict[str, Any]):
    """Object that records the keys that a check looks for."""

    def __init__(self, content: Any) -> None:
        super().__init__({key: _asked(value) for key, value in content.items()})
        self.asked: set[str] = set()

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


def _asked(value: Any) -> Any:
    return _Asked(value) if isinstance(value, dict) else value


def test_the_documented_keys_of_a_manifest_are_those_that_are_checked() -> None:
    plain = read_manifest(STORED)
    del plain["format"]
    spied = _asked(plain)
    check_manifest(spied)
    page = read_page("bundle.md")
    assert spied.asked == page.types("bundlejson").keys() - {"format"}
    for key in ("policy", "unknown", "data", "backbone"):
        assert spied[key].asked <= page.types(key).keys(), key
    for key, anchor in (("recipe", "recipe"), ("thresholds", "thresholds")):
        assert spied[key].asked == page.types(anchor).keys(), key
    assert next(iter(spied["names"].values())).asked == page.types("display-name").keys()
    required = re.findall(
        r"`(\w+)`",
        re.sub(r".*Required keys of the manifest are(.*?)\..*", r"\1", page.prose["stable-parts"], flags=re.DOTALL),
    )
    assert set(required) == {"name", "labels", "recipe", "temperature", "thresholds"}
    for key in plain:
        rest = {name: value for name, value in plain.items() if name != key}
        if key in required:
            with pytest.raises(ValueError, match=key):
                check_manifest(rest)
        else:
            check_manifest(rest)


def objects(plain: Any) -> Iterator[tuple[str, Any]]:
    """Yield the objects of a manifest with the headings that describe them."""
    yield "bundlejson", plain
    for key in ("recipe", "thresholds", "policy", "unknown", "data", "backbone", "config"):
        yield key, plain[key]
    yield "display-name", next(iter(plain["names"].values()))


def test_unknown_keys_are_refused_where_the_page_says_so() -> None:
    anchors = [anchor for anchor, _ in objects(read_manifest(STORED))]
    (named,) = re.findall(
        r"refused here and in (.*?),? and ignored", read_page("bundle.md").prose["bundlejson"], re.DOTALL
    )
    assert re.findall(r"`(\w+)`", named) == ["recipe", "thresholds", "names"]
    for anchor in anchors:
        plain = read_manifest(STORED)
        del plain["format"]
        dict(objects(plain))[anchor]["planted"] = 1
        if anchor in CLOSED:
            with pytest.raises(ValueError, match="planted"):
                check_manifest(plain)
        else:
            check_manifest(plain)


def member(name: str) -> bytes:
    """Content of a member of the stored bundle."""
    with zipfile.ZipFile(STORED) as opened:
        return opened.read(name)


def test_the_graph_has_the_documented_inputs_and_outputs() -> None:
    session = onnxruntime.InferenceSession(member("model.onnx"))
    kinds = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
    found = {each.name: (kinds[each.type], len(each.shape)) for each in (*session.get_inputs(), *session.get_outputs())}
    rows = read_page("bundle.md").tables["modelonnx"][0]
    documented = {row["Name"].strip("`"): (row["Type"].split()[0], row["Type"].count(",") + 1) for row in rows}
    assert found == documented


def test_golden_vectors_have_the_documented_arrays() -> None:
    rows = read_page("bundle.md").tables["goldennpz"][0]
    documented = {row["Array"].split("`")[1]: (row["Type"].split()[0], row["Type"].count(",") + 1) for row in rows}
    with np.load(io.BytesIO(member("golden.npz"))) as arrays:
        found = {name: (str(arrays[name].dtype), arrays[name].ndim) for name in arrays}
    pictures = {name: documented["picture_0"] for name in found if re.fullmatch(r"picture_\d+", name)}
    assert found == documented | pictures


def test_hashes_of_seen_pictures_have_the_documented_form() -> None:
    seen = np.load(io.BytesIO(member("seen.npy")))
    assert f"uint8 `[n, {seen.shape[1]}]`" in read_page("bundle.md").tables["bundle"][0][3]["Contents"]
    assert seen.dtype == np.uint8
