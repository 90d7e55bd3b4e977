"""`discern rename`: the same predictions under other names."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from discern.bundle import load
from discern.bundle.archive import unpack
from discern.cli.app import app
from discern.errors import NamesError, UsageError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.rename import rename
from discern.flow.train import TrainResult
from discern.flow.verify import verify
from tests.compatibility.stored_files import FORMAT_1
from tests.integration.workspace import Workspace
from tests.unit.bundle.factories import plain, write_small
from tests.unit.training.factories import write_colours

OLD = ("red", "green", "blue")


def names_file(folder: Path, rows: str) -> Path:
    path = folder / "names.csv"
    path.write_text(rows, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ordered(shared_workspace: Workspace) -> TrainResult:
    """A model with labels in every place of its bundle: ordered, with names, aliases and a class of one group."""
    photos = shared_workspace.some("uneven", blue=12, red=12, green=1)
    names = shared_workspace.folder / "uneven.csv"
    names.write_text("label,name,route,alias\nred,a rose,bay 1,7\nblue,,bay 2,\n")
    return shared_workspace.train(photos, name="uneven", names=names, ordered=["green", "red", "blue"])


def test_predictions_differ_in_names_alone(ordered: TrainResult, tmp_path: Path) -> None:
    before = ordered.bundle.read_bytes()
    names = names_file(tmp_path, "label,alias,spoken\nrosso,red,il rosso\nblu notte,blue,\n")
    result = rename(ordered.bundle, names, tmp_path / "new.discern")
    assert result.labels == {"red": "rosso", "blue": "blu notte"}
    assert ordered.bundle.read_bytes() == before
    old, new = load(ordered.bundle), load(result.bundle)
    assert verify(result.bundle, fingerprint=result.fingerprint).passed
    assert result.fingerprint != result.renamed_from == old.fingerprint
    assert new.manifest.config["renamed"] == [
        {"fingerprint": old.fingerprint, "labels": {"green": "green", "red": "rosso", "blue": "blu notte"}}
    ]
    renamed = {"green": "green", **result.labels}
    for colour in ((200, 10, 10), (10, 10, 200), (10, 200, 10), (120, 120, 120)):
        one, other = (model(plain(*colour)).to_json() for model in (old, new))
        assert other["label"] == renamed[one["label"]]
        assert other["probabilities"] == {renamed[label]: value for label, value in one["probabilities"].items()}
        for key in ("confidence", "unknown_score", "decision", "order_value", "route"):
            assert other.get(key) == one.get(key), key
    assert new.manifest.names["rosso"] == {"name": "a rose", "spoken": "il rosso", "route": "bay 1"}
    assert new.manifest.aliases == {"rosso": ["red", "7"], "blu notte": ["blue"]}
    assert new.manifest.unjudged == old.manifest.unjudged == {"green"}


def test_no_old_label_is_left_but_as_an_alias(ordered: TrainResult, tmp_path: Path) -> None:
    names = names_file(tmp_path, "label,alias\nrosso,red\nblu,blue\nverde,green\n")
    members = unpack(rename(ordered.bundle, names, tmp_path / "new.discern").bundle)
    manifest = json.loads(members["bundle.json"])
    del manifest["config"]["renamed"], manifest["data"]["aliases"]
    words = re.findall(r"\w+", json.dumps(manifest) + members["CARD.md"].decode())
    assert not {*OLD} & {*words}
    assert {"rosso", "blu", "verde"} <= {*words}


def test_pictures_under_old_names_are_matched_and_training_pictures_known(
    shared_workspace: Workspace, trained: TrainResult, tmp_path: Path
) -> None:
    fresh = write_colours(tmp_path / "fresh", each=6, seed=9)
    names = names_file(tmp_path, "label,alias\nrosso,red\nverde,green\n")
    new = rename(trained.bundle, names, tmp_path / "new.discern").bundle
    judged = evaluate(new, fresh, against=[trained.bundle], cache=shared_workspace.cache)
    assert judged.taken_for == {"red": "rosso", "green": "verde"}
    assert judged.pictures == 18
    assert judged.against[0].difference.value == 0
    assert unpack(new)["seen.npy"] == unpack(trained.bundle)["seen.npy"]


def test_labels_can_be_swapped_and_shifted(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "old.discern", labels=("0", "1"))
    swapped = rename(bundle, names_file(tmp_path, "label,alias\n1,0\n0,1\n"), tmp_path / "swapped.discern")
    assert load(swapped.bundle).labels == ("1", "0")
    assert load(swapped.bundle).manifest.aliases == {}
    shifted = rename(bundle, names_file(tmp_path, "label,alias\n1,0\n2,1\n"), tmp_path / "shifted.discern")
    assert load(shifted.bundle).labels == ("1", "2")
    assert load(shifted.bundle).manifest.aliases == {"1": ["0"]}
    assert "no longer the numbers" in shifted.notes[0]
    again = rename(shifted.bundle, names_file(tmp_path, "label,alias\none,1\n"), tmp_path / "again.discern")
    assert load(again.bundle).manifest.aliases == {"one": ["1", "0"]}
    assert len(load(again.bundle).manifest.config["renamed"]) == 2


def test_names_alone_can_be_changed(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "old.discern")
    label = load(bundle).labels[0]
    result = rename(bundle, names_file(tmp_path, f"label,name\n{label},Rosa\n"), tmp_path / "new.discern")
    assert result.labels == {}
    assert load(result.bundle).manifest.names[label]["name"] == "Rosa"


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ("label,alias\nx,yellow\n", NamesError, "no label yellow"),
        ("label,alias\nyellow,\n", NamesError, "no label yellow"),
        ("label,alias\nx,red;dark\n", NamesError, "both become x"),
        ("label,alias\ndark,red\n", NamesError, "both become dark"),
        ("label,alias\nx,red\ny,red\n", NamesError, "would become x and y"),
        ("label,alias\nred,\n", NamesError, "changes nothing"),
        ("label,route\nred,\n", NamesError, "changes nothing"),
        ("old,new\nred,x\n", NamesError, "columns"),
    ],
)
def test_what_cannot_be_renamed_is_refused(tmp_path: Path, rows: str, error: type[Exception], message: str) -> None:
    bundle = write_small(tmp_path / "old.discern", names={"red": {"name": "", "spoken": "", "route": ""}})
    with pytest.raises(error, match=message):
        rename(bundle, names_file(tmp_path, rows), tmp_path / "new.discern")
    assert not (tmp_path / "new.discern").exists()


@pytest.mark.parametrize(
    ("labels", "rows", "refused"),
    [
        (("1", "5"), "one,1\nfive,5", "are numbers on an ordinal scale"),
        (("1", "5"), "6,5", "are numbers on an ordinal scale"),
        (("low", "high"), "10,low\n20,high", "the new ones are numbers"),
        (("1", "5"), "5.0,5", None),
        (("low", "high"), "l,low\nh,high", None),
    ],
)
def test_an_ordinal_scale_is_not_lost(tmp_path: Path, labels: tuple[str, ...], rows: str, refused: str | None) -> None:
    bundle = write_small(tmp_path / "old.discern", labels=labels, ordered=True)
    names, out = names_file(tmp_path, f"label,alias\n{rows}\n"), tmp_path / "new.discern"
    if refused is None:
        assert rename(bundle, names, out).notes == ()
        return
    with pytest.raises(UsageError, match=refused):
        rename(bundle, names, out)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "old.discern")
    names = names_file(tmp_path, "label,alias\nx,red\n")
    (tmp_path / "link").symlink_to(bundle)
    (tmp_path / "hard").hardlink_to(bundle)
    (tmp_path / "other").write_bytes(b"x")
    for out in (bundle, tmp_path / "link", tmp_path / "hard", tmp_path / "other", tmp_path):
        with pytest.raises(UsageError, match=r"is the bundle itself|exists|is a folder"):
            rename(bundle, names, out)


@pytest.mark.parametrize("path", sorted(FORMAT_1.rglob("*.discern")))
def test_bundles_of_earlier_versions_can_be_renamed(path: Path, tmp_path: Path) -> None:
    label = load(path).labels[0]
    names = names_file(tmp_path, f"label,alias\nanother,{label}\n")
    result = rename(path, names, tmp_path / "new.discern")
    assert verify(result.bundle).passed
    pictures = [plain(250, 10, 10), plain(10, 10, 250)]
    old, new = ([each.confidence for each in load(model).predict(pictures)] for model in (path, result.bundle))
    assert np.array_equal(old, new)


def test_the_command_prints_what_was_renamed(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "old.discern")
    names = names_file(tmp_path, "label,alias\nrose,red\n")
    command = ["rename", str(bundle), "--names", str(names), "--out"]
    shown = CliRunner().invoke(app, [*command, str(tmp_path / "a.discern"), "--json"])
    plain_result = json.loads(shown.stdout)
    assert plain_result.keys() == {"bundle", "fingerprint", "renamed_from", "labels"}
    assert plain_result["labels"] == {"red": "rose"}
    assert "red -> rose" in CliRunner().invoke(app, [*command, str(tmp_path / "b.discern")]).stdout
