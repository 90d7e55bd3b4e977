"""Figures of one name are one number with one basis, on the terminal, the pages, the card and in JSON."""

import re
import shutil
from pathlib import Path

import pytest

from discern.bundle.archive import unpack
from discern.cli import render
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace


@pytest.fixture(scope="module")
def copied(shared_workspace: Workspace) -> Path:
    """Thirteen files of twelve pictures in one class, and one that is in two classes."""
    folder = shared_workspace.some("copied", blue=12, red=12)
    shutil.copy(shared_workspace.pictures("red")[3], folder / "red" / "copy.png")
    shutil.copy(shared_workspace.pictures("red")[0], folder / "blue" / "conflict.png")
    return folder


@pytest.fixture(scope="module")
def trained(shared_workspace: Workspace, copied: Path) -> TrainResult:
    return shared_workspace.train(copied)


def text_of(page: Path) -> str:
    """Text of a page, without markup."""
    return " ".join(re.sub("<[^>]+>", " ", page.read_text(encoding="utf-8")).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_basis_of_the_accuracy_is_told_everywhere(trained: TrainResult) -> None:
    assert trained.basis is not None
    assert trained.basis == {"pictures": 24, "weight": 23.0, "groups": 23}
    told = "24 of 26 pictures in 23 independent groups; copies count as one, which makes 23 pictures in the tables"
    assert f"measured on:               {told}" in list(render.train(trained.to_json(), basis=trained.basis))
    report = text_of(trained.report)
    assert f"Evaluated: {told}." in report
    assert "Measured on 24 held-out pictures of 2 classes." in report
    assert "**Measured on**: 24 pictures\n" in unpack(trained.bundle)["CARD.md"].decode()


def test_the_difference_is_that_of_the_two_accuracies(trained: TrainResult) -> None:
    accuracy = trained.accuracy
    assert accuracy["difference"]["pictures"] == trained.basis["pictures"]  # type: ignore[index]
    assert accuracy["naive"]["value"] - accuracy["leak_free"]["value"] == pytest.approx(accuracy["difference"]["value"])


def test_no_page_speaks_of_parts_that_training_did_not_use(trained: TrainResult) -> None:
    assert trained.pictures["test"] > 0
    split = re.search(r"Split \{.*?\}", text_of(trained.report).replace("&#34;", '"'))
    assert split is None or "validation" not in split[0]


def test_an_evaluation_names_its_basis_and_all_that_it_leaves_out(
    trained: TrainResult, shared_workspace: Workspace, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    for colour in ("blue", "red"):
        (fresh / colour).mkdir(parents=True)
        for number, path in enumerate(shared_workspace.pictures("green")[:4]):
            shutil.copy(path, fresh / colour / f"{number}.png") if colour == "blue" else None
    shutil.copy(fresh / "blue" / "0.png", fresh / "blue" / "copy.png")
    shutil.copy(shared_workspace.pictures("green")[5], fresh / "red" / "a.png")
    shutil.copy(shared_workspace.pictures("green")[6], fresh / "loose.png")
    (fresh / "red" / "Thumbs.db").write_bytes(b"x")
    result = evaluate(trained.bundle, fresh, cache=shared_workspace.cache, runs=tmp_path / "runs")
    assert (result.pictures, result.metrics.weight) == (6, 5.0)
    lines = list(render.evaluate(result.to_json()))
    told = "6 pictures in 5 independent groups; copies count as one, which makes 5 pictures in the tables"
    assert f"measured on: {told}" in lines
    assert "left out: 1 system file, 1 without a label" in lines
    assert result.page is not None
    assert f"Evaluated: {told}." in text_of(result.page)
