"""A static site has the page, the model or a server's URL, and a policy that limits what it can connect to."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.bundle import Model
from discern.bundle.archive import unpack
from discern.errors import UsageError
from discern.picture import open_picture
from discern.serving.example_pictures import Example
from discern.serving.static_site import local_site, remote_site
from tests.unit.bundle.factories import write_small

ENGINE = {"onnxruntime.js": b"// an engine", "onnxruntime.wasm": b"\0asm"}
EXAMPLES = (Example(name="one", jpeg=b"first"), Example(name="two", jpeg=b"second"))


@pytest.fixture
def members(tmp_path: Path) -> dict[str, bytes]:
    return unpack(write_small(tmp_path / "model.discern", ordered=True, labels=("10", "20")))


@pytest.fixture
def local(members: dict[str, bytes]) -> dict[str, bytes]:
    return local_site(Model(members), members, ENGINE)


def test_a_local_site_has_the_page_the_model_and_the_engine(local: dict[str, bytes], members: dict[str, bytes]) -> None:
    assert {
        "index.html",
        "README.txt",
        "page/main.js",
        "page/api/browser_api.js",
        "page/decode/resample.js",
    } <= local.keys()
    assert local["model/model.onnx"] == members["model.onnx"]
    assert local["runtime/onnxruntime.wasm"] == ENGINE["onnxruntime.wasm"]
    assert b"Microsoft" in local["runtime/LICENSE.txt"]
    about = json.loads(local["model/about.json"])
    assert (about["labels"], about["scale"], about["models"]) == (["10", "20"], [10.0, 20.0], ["colours"])


def test_a_site_has_no_pages_of_a_server(local: dict[str, bytes]) -> None:
    assert [name for name in (*local, *remote_site("https://example.org")) if "monitor" in name] == []
    assert b"page/monitor" not in local["offline.js"]


def test_the_configuration_has_the_paths_of_model_and_runtime(local: dict[str, bytes]) -> None:
    config = json.loads(local["page/config.json"])
    assert config["kind"] == "local"
    for folder, name in (("model", "model.onnx"), ("runtime", "onnxruntime.js")):
        assert f"page/{config[folder]}{name}".replace("page/../", "") in local
    loaded = (
        "model/about.json",
        "model/golden.json",
        "model/golden.bin",
        "model/model.onnx",
        "runtime/onnxruntime.wasm",
    )
    assert config["bytes"] == sum(len(local[name]) for name in loaded)


def test_golden_vectors_are_stored_at_the_stated_offsets(local: dict[str, bytes], members: dict[str, bytes]) -> None:
    index, blob = json.loads(local["model/golden.json"]), local["model/golden.bin"]
    inputs = np.stack([Model(members).prepare(blob[start:end]) for start, end in index["pictures"]])
    outputs = Model(members).run(inputs)
    for name, place in index["outputs"].items():
        assert place["start"] % 4 == 0
        expected = np.frombuffer(blob, "<f4", count=len(inputs) * place["width"], offset=place["start"])
        np.testing.assert_allclose(expected, outputs[name].ravel(), atol=1e-6)
    assert open_picture(blob[slice(*index["pictures"][0])]).shape == (48, 64, 3)


def test_the_page_can_connect_to_its_own_host_alone(local: dict[str, bytes]) -> None:
    index = local["index.html"].decode()
    assert index.index("Content-Security-Policy") < index.index("<script")
    assert "connect-src 'self';" in index


def offline(files: dict[str, bytes]) -> dict[str, Any]:
    """Parse the version and the hash of each file out of a site's service worker."""
    line = next(line for line in files["offline.js"].decode().splitlines() if line.startswith("const { version"))
    value: dict[str, Any] = json.loads(line.partition("= ")[2].removesuffix(";"))
    return value


def test_browsers_cache_every_file_that_the_page_requests_with_its_hash(local: dict[str, bytes]) -> None:
    cached = offline(local)["files"]
    version = json.loads(local["page/config.json"])["version"]
    requested = {name: name.removesuffix(f"?v={version}") or "index.html" for name in cached}
    not_requested = {"README.txt", "_headers", "runtime/LICENSE.txt", "offline.js"}
    assert set(requested.values()) == local.keys() - not_requested
    for name, path in requested.items():
        digest = base64.b64encode(hashlib.sha256(local[path]).digest()).decode()
        assert cached[name] == f"sha256-{digest}"
        assert ("?" in name) == path.startswith(("model/", "runtime/"))


def test_examples_are_part_of_a_site_and_cached_by_browsers(members: dict[str, bytes]) -> None:
    for files in (
        local_site(Model(members), members, ENGINE, examples=EXAMPLES),
        remote_site("https://pictures.example.org", examples=EXAMPLES),
    ):
        listed = json.loads(files["page/config.json"])["examples"]
        assert listed == [{"name": "one", "path": "examples/1.jpg"}, {"name": "two", "path": "examples/2.jpg"}]
        assert [files[each["path"]] for each in listed] == [b"first", b"second"]
        assert "offline.js" not in files or offline(files)["files"].keys() >= {"examples/1.jpg", "examples/2.jpg"}


def test_the_version_changes_with_the_files_alone(local: dict[str, bytes], members: dict[str, bytes]) -> None:
    again = local_site(Model(members), members, ENGINE)
    assert again["offline.js"] == local["offline.js"]
    other = local_site(Model(members), members, ENGINE | {"onnxruntime.js": b"// another engine"})
    assert offline(other)["version"] != offline(local)["version"]


def test_a_remote_site_is_not_cached_by_browsers() -> None:
    files = remote_site("https://pictures.example.org")
    assert "offline.js" not in files
    assert b"discern-site" not in files["index.html"]


def test_a_remote_site_can_connect_to_its_server_and_has_no_model() -> None:
    files = remote_site("https://pictures.example.org:8443/discern/")
    assert json.loads(files["page/config.json"]) == {
        "kind": "remote",
        "url": "https://pictures.example.org:8443/discern",
        "examples": [],
    }
    assert b"connect-src 'self' https://pictures.example.org:8443;" in files["index.html"]
    assert b"https://pictures.example.org:8443/discern" in files["README.txt"]
    assert not any(name.startswith(("model/", "runtime/")) for name in files)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pictures.example.org",
        "ftp://pictures.example.org",
        "https://",
        "https://user:secret@pictures.example.org",
        "https://pictures.example.org/?model=a",
        "https://pictures.example.org/#a",
        "https://pictures.example.org:99999",
        "https://pictures.example.org; script-src *",
        'https://pictures.example.org/"><script>',
        "https://pictures.example.org\n",
        "https://bücher.example",
        "https://[",
    ],
)
def test_other_urls_are_rejected(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        remote_site(url)
    assert "https://" in raised.value.hint
