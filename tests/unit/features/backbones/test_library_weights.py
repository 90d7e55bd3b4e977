"""Weights come from a file, a folder or the hub, and errors name all places."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.features.backbones.hub_server import serve_hub

from discern.errors import BackboneError
from discern.extras import INSTALL_TORCH
from discern.features.backbones.library_weights import LibraryWeights, find_weights, missing_libraries
from discern.features.backbones.weight_files import list_unexported
from discern.progress import silent

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": "/nowhere"}

needs_torch = pytest.mark.skipif(bool(missing_libraries()), reason="the extra torch is not installed")


def put(folder: Path, name: str, content: bytes = CONTENT) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def find(
    folder: Path, network: str = "resnet18", *, library: str = "timm", given: Path | None = None, **environment: str
) -> LibraryWeights:
    return find_weights(
        library, network, given, cache=folder / "cache", environment=OFFLINE | environment, progress=silent
    )


def test_a_file_comes_before_the_folder(tmp_path: Path) -> None:
    path = put(tmp_path, "own.pth")
    put(tmp_path / "folder", "resnet18.pth")
    found = find(tmp_path, given=path, DISCERN_WEIGHTS=str(tmp_path / "folder"))
    assert (found.path, found.sha256, found.network, found.is_published) == (path, SHA256, "resnet18", False)
    assert found.source == f"weights own.pth, sha256 {SHA256[:16]}"
    assert find(tmp_path, DISCERN_WEIGHTS=str(tmp_path / "folder")).path == tmp_path / "folder/resnet18.pth"


@pytest.mark.parametrize(
    ("library", "name", "network"),
    [
        ("timm", "resnet18.a1_in1k.safetensors", "resnet18.a1_in1k"),
        ("timm", "resnet18.pth", "resnet18"),
        ("torchvision", "resnet18.pth", "resnet18"),
    ],
)
def test_the_tag_in_the_name_of_a_file_is_that_of_the_network(
    tmp_path: Path, library: str, name: str, network: str
) -> None:
    put(tmp_path, name)
    assert find(tmp_path, library=library, DISCERN_WEIGHTS=str(tmp_path)).network == network


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (f"resnet18-{SHA256[:8]}.pth", True),
        (f"resnet18-{SHA256[:10]}.pth", True),
        ("resnet18-5c106cde.pth", False),
        ("resnet18-20240131.pth", True),
        ("resnet18-best.pth", True),
    ],
)
def test_the_digest_in_the_name_of_a_file_is_checked(tmp_path: Path, name: str, fits: bool) -> None:
    path = put(tmp_path, name)
    if fits:
        assert find(tmp_path, library="torchvision", given=path).path == path
    else:
        with pytest.raises(BackboneError, match=f"begins with {SHA256[:8]}, and their name says 5c106cde") as caught:
            find(tmp_path, library="torchvision", DISCERN_WEIGHTS=str(tmp_path))
        assert "Download them again" in caught.value.hint


@needs_torch
def test_offline_the_places_and_the_address_are_named(tmp_path: Path) -> None:
    with pytest.raises(BackboneError) as caught:
        find(tmp_path, DISCERN_WEIGHTS=str(tmp_path), HF_ENDPOINT="https://mirror.example")
    for part in (f"the folder {tmp_path} has none of resnet18.safetensors", "HF_HUB_OFFLINE forbids their download"):
        assert part in caught.value.message
    for part in ("https://mirror.example/timm/resnet18.a1_in1k/resolve/main/model.safetensors", "--weights"):
        assert part in caught.value.hint


@needs_torch
def test_weights_come_from_the_hub_and_are_those_that_timm_publishes(tmp_path: Path) -> None:
    with serve_hub(CONTENT) as hub:
        hub.repository = "timm/resnet18.a1_in1k"
        environment = hub.environment(HF_HUB_OFFLINE="0", DISCERN_WEIGHTS=str(tmp_path))
        found = find(tmp_path, **environment)
        assert (found.network, found.sha256, found.is_published) == ("resnet18.a1_in1k", SHA256, True)
        assert find(tmp_path, **environment) == found
        assert len(hub.requests) == 3
        with pytest.raises(BackboneError, match="not at hand"):  # a folder that was given is the only one
            find(tmp_path, given=tmp_path, **environment)
        assert len(hub.requests) == 3


@needs_torch
@pytest.mark.parametrize(
    ("library", "network", "message", "hint"),
    [
        ("timm", "resnet5O", "no network 'resnet5O' in timm", "resnet50"),
        ("timm", "resnet18.a1_in2k", "no weights with the tag 'a1_in2k' for resnet18", "a1_in1k"),
        ("timm", "mobilenet_edgetpu_100", "does not publish the weights of mobilenet_edgetpu_100", "--weights"),
        ("torchvision", "resnet5O", "no network 'resnet5O' in torchvision", "resnet50"),
        ("torchvision", "ResNet18", "no network 'ResNet18' in torchvision", "resnet18"),
        ("torchvision", "resnet18", "weights of resnet18 are not at hand", "resnet18-f37072fd.pth"),
    ],
)
def test_names_are_checked_before_the_hub_is_asked(
    tmp_path: Path, library: str, network: str, message: str, hint: str
) -> None:
    with pytest.raises(BackboneError, match=message) as caught:
        find(tmp_path, network, library=library)
    assert hint in caught.value.hint


def test_without_torch_the_extra_is_named(tmp_path: Path) -> None:
    path = put(tmp_path, "resnet18.pth")
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('torch', 'timm', 'torchvision')))\n"
        "from pathlib import Path; from discern.errors import BackboneError\n"
        "from discern.features import load_backbone\n"
        f"for weights in (None, Path({str(path)!r})):\n"
        f"    try: load_backbone('timm/resnet18', cache=Path({str(tmp_path)!r}), weights=weights)\n"
        "    except BackboneError as error: print(error.message, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert "torch, torchvision, timm are not installed" in line
        assert INSTALL_TORCH in line


def test_weights_that_were_not_exported_are_listed(tmp_path: Path) -> None:
    put(tmp_path, "a.pth", b"a")
    put(tmp_path, "resnet18-5c106cde.pth", b"b")
    put(tmp_path, "net/model.safetensors", b"c")
    put(tmp_path, "net/config.json", b'{"pretrained_cfg": {"license": "mit"}}')
    put(tmp_path, "damaged.pth", b"d")
    put(tmp_path, "damaged.json", b"{")
    put(tmp_path, "notes.txt")
    put(tmp_path, "exported.pth")
    listed = list(list_unexported({SHA256}, {"DISCERN_WEIGHTS": str(tmp_path)}))
    assert [(name, path.name, licence) for name, path, licence in listed] == [
        ("timm/a", "a.pth", ""),
        ("torchvision/resnet18", "resnet18-5c106cde.pth", ""),
        ("timm/net", "model.safetensors", "mit"),
    ]
    assert list(list_unexported(set(), {})) == []
    assert list(list_unexported(set(), {"DISCERN_WEIGHTS": str(tmp_path / "none")})) == []
