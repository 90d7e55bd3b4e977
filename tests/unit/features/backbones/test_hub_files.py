"""Files of the hub on this machine are used if their content is the pinned one."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from discern.errors import BackboneError
from discern.features.backbones.hub_address import HubFile
from discern.features.backbones.hub_files import client_folder, has_file, read_file, read_provided

CONTENT = bytes(range(256)) * 9000
FILE = HubFile(
    name="network.onnx",
    repository="owner/network",
    commit="c" * 40,
    path="onnx/model.onnx",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
)


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("size", [len(CONTENT), None])
@pytest.mark.parametrize(
    ("content", "fits"),
    [(CONTENT, True), (CONTENT[:-1], False), (CONTENT + b"x", False), (b"", False), (CONTENT[::-1], False)],
)
def test_only_the_pinned_content_is_read(tmp_path: Path, size: int | None, content: bytes, fits: bool) -> None:
    path, file = put(tmp_path / "file", content), replace(FILE, size=size)
    assert has_file(path, file) == fits
    assert read_file(path, file) == (CONTENT if fits else None)


def test_a_missing_file_and_a_folder_are_no_content(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        assert not has_file(path, FILE)
        assert read_file(path, FILE) is None


def test_a_file_longer_than_the_pinned_one_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)  # which takes no room, and would take minutes to read
    assert not has_file(path, FILE)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs permissions that bind the user")
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "secret")
    path.chmod(0)
    with pytest.raises(BackboneError, match="secret cannot be read"):
        has_file(path, FILE)


def test_the_users_folder_comes_before_the_clients_cache(tmp_path: Path) -> None:
    environment = {"DISCERN_WEIGHTS": str(tmp_path / "own"), "HF_HUB_CACHE": str(tmp_path / "client")}
    assert read_provided(FILE, environment) is None
    put(client_folder(FILE.repository, environment) / "snapshots" / FILE.commit / FILE.path)
    assert read_provided(FILE, environment) == CONTENT
    put(tmp_path / "own" / FILE.name, b"other")
    with pytest.raises(BackboneError, match=r"network.onnx is not onnx/model.onnx of owner/network") as caught:
        read_provided(FILE, environment)
    assert FILE.sha256 in caught.value.hint
    put(tmp_path / "own" / FILE.name)
    assert read_provided(FILE, environment) == CONTENT


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HF_HUB_CACHE": "/a"}, "/a/models--owner--network"),
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a/models--owner--network"),
        ({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}, "/b/hub/models--owner--network"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub/models--owner--network"),
        ({"XDG_CACHE_HOME": ""}, str(Path.home() / ".cache/huggingface/hub/models--owner--network")),
        ({"HF_HOME": "~/h"}, str(Path.home() / "h/hub/models--owner--network")),
    ],
)
def test_the_clients_cache_is_where_its_variables_say(environment: dict[str, str], folder: str) -> None:
    assert client_folder("owner/network", environment) == Path(folder)
