"""The list of backbones has those of wheels and exports, and measures those that are at hand."""

import json
import subprocess
import sys
from pathlib import Path

import discern
from discern.features import Normalisation
from discern.features.backbones.exported_networks import ExportedNetwork, write_export
from discern.features.backbones.onnx_file import OnnxFile
from tests.unit.features.backbones.float_networks import SIZE, WIDTH, make_network, write_network

KEYS = ["name", "source", "licence", "size", "megabytes", "at_hand", "pictures_per_second"]


def put_export(folder: Path) -> None:
    path = write_network(folder / "net.onnx", make_network())
    normalisation = Normalisation(mean=(0.5,) * 3, deviation=(0.5,) * 3, scale=1.0)
    graph = OnnxFile().load(path, size=None, mirror=False, normalisation=normalisation).graph
    network = ExportedNetwork(
        graph=graph,
        name="timm/net",
        size=SIZE,
        blocks={"head": (0, WIDTH)},
        weights="n.pth",
        sha256="0" * 64,
        licence="MIT",
        pretraining="flowers",
        notes=(),
        difference=0,
    )
    write_export(folder / "cache", "key", network)


def test_exports_and_wheels_are_listed(tmp_path: Path) -> None:
    put_export(tmp_path)
    listed = {each.name: each for each in discern.backbones(cache=tmp_path / "cache").backbones}
    assert list(listed) == ["lite0", "lite1", "lite2", "timm/net"]
    lite, export = listed["lite0"], listed["timm/net"]
    assert (lite.source, lite.licence, lite.size, lite.at_hand) == ("wheel", "Apache-2.0", 192, True)
    assert (export.source, export.licence, export.size, export.at_hand) == ("n.pth", "MIT", SIZE, True)
    for each in listed.values():
        assert each.at_hand == bool(each.pictures_per_second) == (each.megabytes is not None) == bool(each.size)


def test_the_command_prints_the_documented_keys(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "discern", "backbones", "--cache", str(tmp_path)]
    printed = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    content = json.loads(printed)
    assert list(content) == ["backbones"]
    assert all(list(each) == KEYS for each in content["backbones"])


def test_exports_are_part_of_the_cache_and_pruned(tmp_path: Path) -> None:
    put_export(tmp_path)
    before = discern.cache(folder=tmp_path / "cache")
    assert [(each["name"], each["rows"]) for each in before.shelves] == [("networks", 2)]
    after = discern.cache(folder=tmp_path / "cache", prune_to=0)
    assert (after.shelves, after.freed) == ([], before.to_json()["bytes"])
