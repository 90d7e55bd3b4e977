"""Forged bundles are refused wherever they come in, with the reason, and a server keeps its sound one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.errors import BackboneError
from discern.features import load_backbone
from tests.attacks.forged_bundle import Forged, ForgedGraph, computing, sound_backbone
from tests.attacks.forged_corpus import CORPUS, DOORS, GRAPHS, KINDS, Reloading
from tests.attacks.hostile_bundles import forge
from tests.unit.bundle.factories import colour_graph

QUICK = [forged for forged in CORPUS if not forged.heavy]
QUICK_GRAPHS = [graph for graph in GRAPHS if not graph.heavy]
# Each reload tries the bundle in a new process; benchmarks/forged_bundles.py reloads all.
RELOADED = [next(forged for forged in QUICK if forged.kind == kind) for kind in KINDS]


@pytest.fixture(scope="module")
def reloading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reloading]:
    served = Reloading(tmp_path_factory.mktemp("served"))
    yield served
    served.close()


def test_what_is_forged_is_sound(tmp_path: Path) -> None:
    bundle, backbone = tmp_path / "sound.discern", tmp_path / "sound.onnx"
    harmless = computing(lambda additions: additions.zeros(6))
    for change in (bytes, harmless):
        bundle.write_bytes(forge("model.onnx", change(colour_graph())))
        assert {name: door(bundle) for name, door in DOORS.items()} == dict.fromkeys(DOORS, "")
        backbone.write_bytes(change(sound_backbone()))
        assert load_backbone(backbone).width == 3


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 600
    assert len(KINDS) >= 25


@pytest.mark.parametrize("forged", QUICK, ids=[forged.title for forged in QUICK])
def test_a_forged_bundle_is_refused(tmp_path: Path, forged: Forged) -> None:
    path = tmp_path / "forged.discern"
    path.write_bytes(forged.make())
    for name, door in DOORS.items():
        reason = door(path).replace(str(path), "")
        if name == "load" and forged.loads:
            assert reason == ""
        else:
            assert re.search(forged.says, reason), (name, reason)


@pytest.mark.parametrize("forged", RELOADED, ids=[forged.title for forged in RELOADED])
def test_a_forged_bundle_does_not_replace_a_served_one(tmp_path: Path, reloading: Reloading, forged: Forged) -> None:
    path = tmp_path / "forged.discern"
    path.write_bytes(forged.make())
    assert re.search(forged.says, reloading(path))


@pytest.mark.parametrize("graph", QUICK_GRAPHS, ids=[graph.title for graph in QUICK_GRAPHS])
def test_a_forged_backbone_is_refused(tmp_path: Path, graph: ForgedGraph) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(graph.backbone())
    with pytest.raises(BackboneError) as raised:
        load_backbone(path)
    assert raised.value.hint
    assert re.search(graph.says, raised.value.message.replace(str(path), "")), raised.value.message
