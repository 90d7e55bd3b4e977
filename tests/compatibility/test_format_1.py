"""What version 0.1.0 wrote is read by every later one: bundles, runs and the cache, format 1 of each.

The files in `format_1` were made by `make_fixtures` and are never made again.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import discern
from discern.catalog import Catalog, read_fixes
from discern.errors import RunError
from discern.splitting import Split
from tests.compatibility.drawing import FLAWS, write_others
from tests.compatibility.kept import FORMAT_1, Kept, contents, read

BUNDLE = FORMAT_1 / "finished/model.discern"
FINGERPRINT = "c05a85bfb0188dd6b35d36c6f6bad1d8ad2075ead65d51f4da8177d087126142"
LABELS = ["blue", "green", "red"]
SHOWN = {
    *("path", "name", "version", "fingerprint", "labels", "ordered", "names", "metrics", "recipe", "backbone"),
    *("temperature", "thresholds", "policy", "unknown", "data", "config", "versions", "seen"),
}
# What differs in every answer, and what is worded for people.
FREE = ("path", "id", "message", "spoken")
MADE_ANEW = ("metrics.json", "model.discern", "report.html", "run.json", "fixes.csv", "answers.parquet")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept.copied_to(tmp_path / "kept")


def answers_of(bundle: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """What a bundle answers to the pictures that none was trained on, by their names."""
    return {Path(each.path).name: each.to_json() for each in discern.predict(bundle, write_others(folder))}


def numbers(value: Any, at: str = "") -> Iterator[tuple[str, float]]:
    """All numbers in plain values, each with the way to it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from numbers(each, f"{at}.{key}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from numbers(each, f"{at}[{place}]")
    elif isinstance(value, int | float):
        yield at, value


def test_the_pictures_are_drawn_as_they_were(kept: Kept) -> None:
    table = pl.read_parquet(FORMAT_1 / "finished/catalog.parquet")
    drawn = {path: sha256((kept.photos / path).read_bytes()).hexdigest() for path in table["path"]}
    assert drawn == dict(table.select("path", "content").iter_rows())


def test_the_bundle_is_shown() -> None:
    shown = discern.show(BUNDLE)
    assert set(shown) >= SHOWN
    assert (shown["name"], shown["version"], shown["fingerprint"]) == ("finished", "1", FINGERPRINT)
    assert (shown["labels"], shown["ordered"], shown["seen"]) == (LABELS, True, 23)
    assert shown["names"] == {
        "blue": {"name": "Blue one", "spoken": "", "route": "right"},
        "red": {"name": "Red one", "spoken": "a red one", "route": "left"},
    }
    assert shown["thresholds"] == {"unknown": 2.3946408127102687, "accept": 0.9264762997627259, "label_set": 1.0}
    assert shown["recipe"] == {"size": 16, "resize": 18, "fit": "crop", "filter": "bicubic", "fill": [124, 116, 104]}
    assert (shown["backbone"]["name"], shown["unknown"]["negatives"]) == ("colour", 4)
    assert shown["metrics"]["accuracy"] == read(FORMAT_1 / "finished/metrics.json")["accuracy"]
    assert shown["versions"]["discern"] == "0.1.0"


def test_the_bundle_is_whole_and_answers_its_golden_pictures() -> None:
    verified = discern.verify(BUNDLE, fingerprint=FINGERPRINT)
    assert (verified.passed, verified.why, verified.fingerprint) == (True, "", FINGERPRINT)
    assert verified.worst_difference is not None
    assert verified.worst_difference < 1e-4


def test_the_bundle_answers_as_it_did(tmp_path: Path) -> None:
    before, now = read(FORMAT_1 / "answers.json"), answers_of(BUNDLE, tmp_path)
    assert {answer["decision"] for answer in before.values()} == {"accept", "review", "unknown"}
    assert set(now) == set(before)
    for name, answer in before.items():
        assert set(now[name]) == set(answer)
        figures = {key: answer.pop(key) for key in ("confidence", "probabilities", "unknown_score")}
        for key, value in figures.items():
            assert now[name][key] == pytest.approx(value, rel=1e-5, abs=1e-5)
        assert {key: now[name][key] for key in answer if key not in FREE} == {
            key: value for key, value in answer.items() if key not in FREE
        }


def test_the_catalog_is_read(kept: Kept) -> None:
    # So that thumbnails are there for whichever decoder is installed: the run's own pictures are elsewhere.
    discern.check(kept.photos, name="looked", **kept.places)
    catalog = Catalog.load(FORMAT_1 / "finished/catalog.parquet", cache=kept.folder / "cache")
    assert (len(catalog.table), int(catalog.readable.sum()), list(catalog.labels)) == (21, 20, LABELS)
    assert catalog.fingerprint == read(FORMAT_1 / "finished/run.json")["data"]["fingerprint"]
    assert np.asarray(catalog.thumbs).any(axis=(1, 2, 3)).tolist() == catalog.readable.tolist()


def test_the_split_is_read() -> None:
    said = read(FORMAT_1 / "finished/split.json")
    split = Split.from_json(said)
    assert (split.method, len(split.fold), split.rounds) == ("grouped-cv", 21, tuple(said["held"]))
    assert split.to_json() == said


def test_a_finished_run_that_is_resumed_stays_as_it_was(kept: Kept) -> None:
    # The page is not among the kept files.
    (kept.folder / "finished/report.html").write_text("a page")
    before, metrics = contents(kept.folder / "finished"), read(FORMAT_1 / "finished/metrics.json")
    result = discern.train(kept.photos, name="finished", resume=True, **kept.options)
    assert contents(kept.folder / "finished") == before
    assert result.accuracy == metrics["accuracy"]
    assert result.pictures == metrics["split"]["pictures"]
    assert result.policy is not None
    assert result.policy["sentence"] == metrics["policy"]["sentence"]
    assert result.bundle.read_bytes() == BUNDLE.read_bytes()


def test_resuming_with_other_options_is_refused(kept: Kept) -> None:
    with pytest.raises(RunError, match="at_most_wrong"):
        discern.train(kept.photos, name="finished", resume=True, **kept.options | {"at_most_wrong": 0.1})


@pytest.mark.parametrize("name", ["finished", "interrupted"])
def test_a_run_is_completed_from_what_it_holds(kept: Kept, tmp_path: Path, name: str) -> None:
    # A finished run without its page is made again as one that was interrupted.
    before = contents(kept.folder / name)
    result = discern.train(kept.photos, name=name, resume=True, **kept.options)
    now = contents(kept.folder / name)
    assert set(now) == set(before) | set(MADE_ANEW)
    for untouched in set(before) - set(MADE_ANEW):
        assert now[untouched] == before[untouched]
    assert read(result.run / "run.json")["status"] == "done"
    expected = dict(numbers(read(FORMAT_1 / "finished/metrics.json")))
    assert dict(numbers(read(result.run / "metrics.json"))) == pytest.approx(expected, rel=1e-3, abs=1e-3)
    table, kept_table = (pl.read_parquet(run / "answers.parquet") for run in (result.run, FORMAT_1 / "finished"))
    assert table.schema == kept_table.schema
    assert table.select("row", "path", "label", "answer").equals(kept_table.select("row", "path", "label", "answer"))
    answers = answers_of(result.bundle, tmp_path / "others")
    for picture, answer in read(FORMAT_1 / "answers.json").items():
        assert answers[picture]["decision"] == answer["decision"]
        assert answers[picture]["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-3)


def test_nothing_that_the_cache_holds_is_computed_again(kept: Kept) -> None:
    seen: list[tuple[int, int | None]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "features" and total is not None:
            seen.append((done, total))

    before = kept.shelves()
    discern.train(kept.photos, name="again", progress=progress, **kept.options)
    # The photos, then the negatives: all are known at once.
    assert seen == [(20, 20), (4, 4)]
    added = set(kept.shelves()) - set(before)
    assert {name: kept.shelves()[name] for name in before} == before
    assert not [name for name in added if "pillow" not in name or kept.knows_the_decoder()]


def test_a_check_is_gone_on_with(kept: Kept) -> None:
    before = contents(kept.folder / "checked")
    result = discern.check(kept.photos, name="checked", resume=True, **kept.places)
    assert (result.pictures, result.unreadable) == (20, 1)
    assert {result.findings[check] for check in FLAWS.values()} == {1}
    now = contents(kept.folder / "checked")
    for untouched in ("catalog.parquet", "edges.parquet"):
        assert now[untouched] == before[untouched]


@pytest.mark.parametrize("run", ["finished", "interrupted", "checked"])
def test_the_proposed_fixes_are_read(run: str) -> None:
    fixes = read_fixes(FORMAT_1 / run / "fixes.csv")
    assert [(fix.path, fix.action, fix.value, fix.other) for fix in fixes] == [
        ("blue/broken.bmp", "drop", "", ""),
        ("green/mistaken.bmp", "relabel", "red", ""),
        ("red/twice.bmp", "drop", "", "red/0.bmp"),
    ]
    assert {fix.path: fix.why.partition(":")[0] for fix in fixes} == FLAWS


def test_the_proposed_fixes_are_applied(kept: Kept) -> None:
    result = discern.check(kept.photos, fixes=FORMAT_1 / "finished/fixes.csv", name="fixed", **kept.places)
    assert read(result.run / "run.json")["fixed"] == {"dropped": 2, "relabelled": {"green/mistaken.bmp": "green"}}
    assert (result.pictures, result.unreadable) == (19, 0)
