"""Pictures in the folders of several labels: every command says that this looks multi-label."""

import shutil

import pytest

from discern.errors import DataError
from discern.flow.evaluate.evaluate import evaluate
from tests.integration.workspace import Workspace

MESSAGE = "This looks multi-label, which is not supported: 8 of 16 different pictures are under several labels"


@pytest.fixture
def several(workspace: Workspace) -> object:
    """Two colours, and a third class with pictures of both."""
    folder = workspace.some("several", red=8, blue=8)
    for colour in ("red", "blue"):
        for path in sorted((folder / colour).iterdir())[:4]:
            (folder / "indoors").mkdir(exist_ok=True)
            shutil.copy(path, folder / "indoors" / f"{colour}-{path.name}")
    return folder


def test_splitting_and_training_are_refused_with_the_remedy(workspace: Workspace, several: str) -> None:
    for command in (workspace.split, workspace.train):
        with pytest.raises(DataError, match=MESSAGE) as raised:
            command(several)
        assert "fixes.csv" in raised.value.hint


def test_checking_has_one_finding(workspace: Workspace, several: str) -> None:
    checked = workspace.check(several)
    assert (checked.findings["multi_label"], checked.findings["label_conflict"]) == (1, 0)
    assert MESSAGE in checked.page.read_text(encoding="utf-8")


def test_evaluating_is_refused(workspace: Workspace, several: str) -> None:
    bundle = workspace.train(workspace.photos).bundle
    with pytest.raises(DataError, match=MESSAGE):
        evaluate(bundle, several, cache=workspace.folder / "cache")


def test_a_few_copies_under_two_labels_are_conflicts(workspace: Workspace) -> None:
    folder = workspace.some("few", red=8, blue=8)
    for path in sorted((folder / "red").iterdir())[:2]:
        shutil.copy(path, folder / "blue" / f"again-{path.name}")
    checked = workspace.check(folder)
    assert (checked.findings["multi_label"], checked.findings["label_conflict"]) == (0, 2)
    assert sum(workspace.split(folder).pictures.values()) == 14
