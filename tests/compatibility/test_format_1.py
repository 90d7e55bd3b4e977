"""Bundles, runs and caches of format 1, written by version 0.1.0, remain readable.

The files in `format_1` were written by `make_fixtures` and are never rewritten.
"""

import re
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
from tests.compatibility.fixture_pictures import ISSUES, write_new_pictures
from tests.compatibility.stored_files import FORMAT_1, StoredFiles, contents, read

BUNDLE = FORMAT_1 / "finished/model.discern"
FINGERPRINT = "c05a85bfb0188dd6b35d36c6f6bad1d8ad2075ead65d51f4da8177d087126142"
LABELS = ["blue", "green", "red"]
SHOWN_KEYS = {
    *("path", "name", "version", "fingerprint", "labels", "ordered", "names", "metrics", "recipe", "backbone"),
    *("temperature", "thresholds", "policy", "unknown", "data", "config", "versions", "seen"),
}
# Keys that differ in each prediction, or whose wording may change.
VARIABLE_KEYS = ("path", "id", "message", "spoken")
REWRITTEN_FILES = (
    *("metrics.json", "model.discern", "report.html", "run.json", "fixes.csv", "answers.parquet", "left_out.csv"),
    "findings.parquet",
)


# Numbers that later versions compute differently: intervals of a few groups, and rates that count copies once.
REDEFINED = r"\.figures\.reliability\[\d+\]\.(low|high)|\.gate\.kept\.value|\.unknown\.false_rejection"


@pytest.fixture
def stored(tmp_path: Path) -> StoredFiles:
    return StoredFiles.copy_to(tmp_path / "kept")


def predict_new_pictures(bundle: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the bundle's predictions for pictures outside the training data, by file name."""
    return {Path(item.path).name: item.to_json() for item in discern.predict(bundle, write_new_pictures(folder))}


def flatten_numbers(value: Any, at: str = "") -> Iterator[tuple[str, float]]:
    """Yield all numbers in a JSON value with their paths."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flatten_numbers(item, f"{at}.{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from flatten_numbers(item, f"{at}[{place}]")
    elif isinstance(value, int | float):
        yield at, value


def test_pictures_have_the_stored_hashes(stored: StoredFiles) -> None:
    table = pl.read_parquet(FORMAT_1 / "finished/catalog.parquet")
    hashes = {path: sha256((stored.photos / path).read_bytes()).hexdigest() for path in table["path"]}
    assert hashes == dict(table.select("path", "content").iter_rows())


def test_show_describes_the_bundle() -> None:
    shown = discern.show(BUNDLE)
    assert set(shown) >= SHOWN_KEYS
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


def test_the_bundle_passes_verification() -> None:
    verified = discern.verify(BUNDLE, fingerprint=FINGERPRINT)
    assert (verified.passed, verified.why, verified.fingerprint) == (True, "", FINGERPRINT)
    assert verified.worst_difference is not None
    assert verified.worst_difference < 1e-4


def test_the_bundle_predicts_as_stored(tmp_path: Path) -> None:
    before, now = read(FORMAT_1 / "answers.json"), predict_new_pictures(BUNDLE, tmp_path)
    assert {answer["decision"] for answer in before.values()} == {"accept", "review", "unknown"}
    assert set(now) == set(before)
    for name, answer in before.items():
        assert set(now[name]) == set(answer)
        numbers = {key: answer.pop(key) for key in ("confidence", "probabilities", "unknown_score")}
        for key, value in numbers.items():
            assert now[name][key] == pytest.approx(value, rel=1e-5, abs=1e-5)
        assert {key: now[name][key] for key in answer if key not in VARIABLE_KEYS} == {
            key: value for key, value in answer.items() if key not in VARIABLE_KEYS
        }


def test_the_catalog_is_readable(stored: StoredFiles) -> None:
    # Creates thumbnails with the installed Pillow version; the original pictures no longer exist.
    discern.check(stored.photos, name="thumbnails", **stored.common_options)
    catalog = Catalog.load(FORMAT_1 / "finished/catalog.parquet", cache=stored.folder / "cache")
    assert (len(catalog.table), int(catalog.readable.sum()), list(catalog.labels)) == (21, 20, LABELS)
    assert catalog.fingerprint == read(FORMAT_1 / "finished/run.json")["data"]["fingerprint"]
    assert np.asarray(catalog.thumbs).any(axis=(1, 2, 3)).tolist() == catalog.readable.tolist()


def test_the_split_is_readable() -> None:
    stored_split = read(FORMAT_1 / "finished/split.json")
    split = Split.from_json(stored_split)
    assert (split.method, len(split.fold), split.rounds) == ("grouped-cv", 21, tuple(stored_split["held"]))
    assert split.to_json() == stored_split


def test_resuming_a_finished_run_changes_nothing(stored: StoredFiles) -> None:
    # The page is not among the stored files.
    (stored.folder / "finished/report.html").write_text("a page")
    before, metrics = contents(stored.folder / "finished"), read(FORMAT_1 / "finished/metrics.json")
    result = discern.train(stored.photos, name="finished", resume=True, **stored.options)
    assert contents(stored.folder / "finished") == before
    assert result.accuracy == metrics["accuracy"]
    assert result.pictures == metrics["split"]["pictures"]
    assert (result.account.found, result.account.used, result.left_out_file) == (21, 20, None)
    assert result.policy is not None
    assert result.policy["sentence"] == metrics["policy"]["sentence"]
    assert result.bundle.read_bytes() == BUNDLE.read_bytes()


def test_resuming_with_other_options_is_an_error(stored: StoredFiles) -> None:
    with pytest.raises(RunError, match="at_most_wrong"):
        discern.train(stored.photos, name="finished", resume=True, **stored.options | {"at_most_wrong": 0.1})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["finished", "interrupted"])
def test_a_run_is_completed_from_its_files(stored: StoredFiles, tmp_path: Path, name: str) -> None:
    # A finished run without its page is completed like an interrupted one.
    before = contents(stored.folder / name)
    result = discern.train(stored.photos, name=name, resume=True, **stored.options)
    now = contents(stored.folder / name)
    assert set(now) == set(before) | set(REWRITTEN_FILES) | {"validation.parquet"}  # later versions write it
    for untouched in set(before) - set(REWRITTEN_FILES):
        assert now[untouched] == before[untouched]
    assert read(result.run / "run.json")["status"] == "done"
    stored_metrics, found = (
        dict(flatten_numbers(read(run / "metrics.json"))) for run in (FORMAT_1 / "finished", result.run)
    )
    assert set(stored_metrics) <= set(found)
    expected = {name: value for name, value in stored_metrics.items() if not re.match(REDEFINED, name)}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-3, abs=1e-3)
    table, stored_table = (pl.read_parquet(run / "answers.parquet") for run in (result.run, FORMAT_1 / "finished"))
    assert table.schema == stored_table.schema
    assert table.select("row", "path", "label", "answer").equals(stored_table.select("row", "path", "label", "answer"))
    answers = predict_new_pictures(result.bundle, tmp_path / "others")
    for picture, answer in read(FORMAT_1 / "answers.json").items():
        assert answers[picture]["decision"] == answer["decision"]
        assert answers[picture]["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-3)


def test_cached_values_are_not_recomputed(stored: StoredFiles) -> None:
    reported: list[tuple[int, int | None]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "features" and total is not None:
            reported.append((done, total))

    before = stored.shelves()
    discern.train(stored.photos, name="again", progress=progress, **stored.options)
    # The photos, then the negatives: all are cached.
    assert reported == [(20, 20), (4, 4)]
    added = set(stored.shelves()) - set(before)
    assert {name: stored.shelves()[name] for name in before} == before
    # Pairs are searched again, since overlaps and squashed copies were not found then.
    # Brightness and sharpness were not measured then.
    kept = [name for name in added if "/edges-" not in name and "/statistics-" not in name]
    assert not [name for name in kept if "pillow" not in name or stored.has_installed_decoder()]


def test_a_check_is_resumed(stored: StoredFiles) -> None:
    before = contents(stored.folder / "checked")
    result = discern.check(stored.photos, name="checked", resume=True, **stored.common_options)
    assert (result.pictures, result.unreadable) == (20, 1)
    assert {result.findings[check] for check in ISSUES.values()} == {1}
    now = contents(stored.folder / "checked")
    for untouched in ("catalog.parquet", "edges.parquet"):
        assert now[untouched] == before[untouched]


@pytest.mark.parametrize("run", ["finished", "interrupted", "checked"])
def test_proposed_fixes_are_readable(run: str) -> None:
    fixes = read_fixes(FORMAT_1 / run / "fixes.csv")
    assert [(fix.path, fix.action, fix.value, fix.other) for fix in fixes] == [
        ("blue/broken.bmp", "drop", "", ""),
        ("green/mistaken.bmp", "relabel", "red", ""),
        ("red/twice.bmp", "drop", "", "red/0.bmp"),
    ]
    assert {fix.path: fix.why.partition(":")[0] for fix in fixes} == ISSUES


def test_proposed_fixes_are_applied(stored: StoredFiles) -> None:
    result = discern.check(stored.photos, fixes=FORMAT_1 / "finished/fixes.csv", name="fixed", **stored.common_options)
    assert read(result.run / "run.json")["fixed"] == {"dropped": 2, "relabelled": {"green/mistaken.bmp": "green"}}
    assert (result.pictures, result.unreadable) == (19, 0)
