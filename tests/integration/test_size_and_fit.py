"""The size and the fit of pictures, and a network for float pictures, from the options to the bundle."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.bundle import load
from discern.errors import BackboneError, RunError, UsageError
from discern.picture import Recipe
from tests.integration.workspace import Workspace
from tests.unit.features.backbones.float_networks import make_network, write_network

OPEN_SIZES = ("batch", 3, "height", "width")
USUAL = {"mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225]}


@pytest.fixture
def floats(tmp_path: Path) -> Workspace:
    """A workspace whose backbone is an ordinary export for float pictures."""
    network = write_network(tmp_path / "floats.onnx", make_network(shape=OPEN_SIZES))
    return Workspace(tmp_path, network, tmp_path / "cache")


def test_a_model_keeps_its_size_and_fit(floats: Workspace) -> None:
    trained = floats.train(floats.photos, name="padded", size=16, fit="pad", **USUAL)
    model = load(trained.bundle)
    assert model.manifest.recipe == Recipe(size=16, resize=16, fit="pad")
    assert model.manifest.backbone["size"] == 16
    blue = np.asarray(Image.open(floats.pictures("blue")[0]))
    assert model(blue).label == "blue"
    evidence = model.run(model.prepare(blue)[None])["evidence"]
    assert evidence.shape == (1, 8, 8, 3)
    assert any("scores of 1,000 classes" in hint for hint in trained.hints)
    facts = json.loads((trained.run / "run.json").read_text())
    assert facts["config"]["fit"] == "pad"
    assert facts["config"]["mean"] == USUAL["mean"]


def test_features_are_cached_by_size_and_fit(floats: Workspace) -> None:
    source = floats.some("few", blue=3, red=3)
    notes = {floats.check(source, size=16, fit=fit, **USUAL).notes for fit in ("crop", "pad", "squash")}
    floats.check(source, size=8, fit="crop", **USUAL)
    floats.check(source, size=8, fit="crop", mean=0.5, deviation=0.5)
    floats.check(source, size=8, fit="crop", mean=0.5, deviation=0.5)
    assert len(list(floats.cache.glob("features-*"))) == 5
    assert len(notes) == 1


def test_a_resumed_run_has_the_same_size_and_fit(workspace: Workspace) -> None:
    source = workspace.some("few", blue=3, red=3)
    workspace.check(source, name="one", fit="pad")
    workspace.check(source, name="one", fit="pad", resume=True)
    with pytest.raises(RunError, match="another fit"):
        workspace.check(source, name="one", resume=True)


def test_a_run_of_an_earlier_version_is_resumed(workspace: Workspace) -> None:
    source = workspace.some("few", blue=3, red=3)
    path = workspace.check(source, name="one").run / "run.json"
    facts = json.loads(path.read_text())
    for key in ("size", "fit", "mean", "deviation", "scale"):
        assert facts["config"].pop(key) is None
    path.write_text(json.dumps(facts))
    workspace.check(source, name="one", resume=True)


def test_options_that_do_not_fit_the_backbone_are_refused_at_once(workspace: Workspace) -> None:
    source = workspace.some("few", blue=3, red=3)
    with pytest.raises(BackboneError, match="takes pictures of 16 px, not of 224 px"):
        workspace.check(source, name="one", size=224)
    with pytest.raises(BackboneError, match="does not take float pictures"):
        workspace.check(source, name="one", **USUAL)
    for option in ({"fit": "middle"}, {"size": 0}, {"mean": 0.5}):
        with pytest.raises(UsageError):
            workspace.check(source, name="one", **option)
    assert not (workspace.runs / "one").exists()
