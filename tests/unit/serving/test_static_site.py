"""A static site: what stands in it, what it may reach, and what it never writes over."""

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
from discern.serving.static_site import MARK, local_site, remote_site, write_site
from tests.unit.bundle.factories import write_small

ENGINE = {"onnxruntime.js": b"// an engine", "onnxruntime.wasm": b"\0asm"}
EXAMPLES = (Example(name="one", jpeg=b"first"), Example(name="two", jpeg=b"second"))
MODEL = {"name": "m", "version": "1", "fingerprint": "f" * 64}


@pytest.fixture
def members(tmp_path: Path) -> dict[str, bytes]:
    return unpack(write_small(tmp_path / "model.discern", ordered=True, labels=("10", "20")))


@pytest.fixture
def local(members: dict[str, bytes]) -> dict[str, bytes]:
    return local_site(Model(members), members, ENGINE)


def put(folder: Path, files: dict[str, bytes]) -> None:
    write_site(folder, files, door="local", model=MODEL)


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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


def test_its_configuration_leads_from_the_page_to_the_model(local: dict[str, bytes]) -> None:
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


def test_golden_vectors_can_be_cut_out_again(local: dict[str, bytes], members: dict[str, bytes]) -> None:
    said, blob = json.loads(local["model/golden.json"]), local["model/golden.bin"]
    inputs = np.stack([Model(members).prepare(blob[start:end]) for start, end in said["pictures"]])
    outputs = Model(members).run(inputs)
    for name, place in said["outputs"].items():
        assert place["start"] % 4 == 0
        kept = np.frombuffer(blob, "<f4", count=len(inputs) * place["width"], offset=place["start"])
        np.testing.assert_allclose(kept, outputs[name].ravel(), atol=1e-6)
    assert open_picture(blob[slice(*said["pictures"][0])]).shape == (48, 64, 3)


def test_the_page_is_held_to_its_own_host(local: dict[str, bytes]) -> None:
    index = local["index.html"].decode()
    assert index.index("Content-Security-Policy") < index.index("<script")
    assert "connect-src 'self';" in index


def offline(files: dict[str, bytes]) -> dict[str, Any]:
    """What a site's script keeps in browsers: its version, and the sum of each file."""
    line = next(line for line in files["offline.js"].decode().splitlines() if line.startswith("const { version"))
    value: dict[str, Any] = json.loads(line.partition("= ")[2].removesuffix(";"))
    return value


def test_all_that_the_page_asks_for_is_kept_in_browsers_with_its_sum(local: dict[str, bytes]) -> None:
    kept = offline(local)["files"]
    version = json.loads(local["page/config.json"])["version"]
    asked = {name: name.removesuffix(f"?v={version}") or "index.html" for name in kept}
    unasked = {"README.txt", "_headers", "runtime/LICENSE.txt", "offline.js"}
    assert set(asked.values()) == local.keys() - unasked
    for name, path in asked.items():
        sums = base64.b64encode(hashlib.sha256(local[path]).digest()).decode()
        assert kept[name] == f"sha256-{sums}"
        assert ("?" in name) == path.startswith(("model/", "runtime/"))


def test_examples_are_part_of_a_site_and_of_what_browsers_keep(members: dict[str, bytes]) -> None:
    for files in (
        local_site(Model(members), members, ENGINE, examples=EXAMPLES),
        remote_site("https://pictures.example.org", examples=EXAMPLES),
    ):
        said = json.loads(files["page/config.json"])["examples"]
        assert said == [{"name": "one", "path": "examples/1.jpg"}, {"name": "two", "path": "examples/2.jpg"}]
        assert [files[each["path"]] for each in said] == [b"first", b"second"]
        assert "offline.js" not in files or offline(files)["files"].keys() >= {"examples/1.jpg", "examples/2.jpg"}


def test_another_export_has_another_version_and_the_same_one_has_the_same(
    local: dict[str, bytes], members: dict[str, bytes]
) -> None:
    again = local_site(Model(members), members, ENGINE)
    assert again["offline.js"] == local["offline.js"]
    other = local_site(Model(members), members, ENGINE | {"onnxruntime.js": b"// another engine"})
    assert offline(other)["version"] != offline(local)["version"]


def test_a_site_that_asks_a_server_keeps_nothing_in_browsers() -> None:
    files = remote_site("https://pictures.example.org")
    assert "offline.js" not in files
    assert b"discern-site" not in files["index.html"]


def test_a_remote_site_may_reach_its_server_and_has_no_model() -> None:
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
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        remote_site(url)
    assert "https://" in refused.value.hint


def test_a_site_says_the_sum_of_each_of_its_files(tmp_path: Path) -> None:
    put(tmp_path / "site", {"index.html": b"1", "page/a.js": b"2"})
    mark = json.loads((tmp_path / "site" / MARK).read_bytes())
    found = held(tmp_path / "site")
    del found[MARK]
    assert mark["sha256"] == {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    assert (mark["target"], mark["door"], mark["model"], mark["whole"]) == ("web", "local", MODEL, True)


def test_an_earlier_site_is_replaced_and_what_else_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    put(tmp_path, {"index.html": b"1", "page/old.js": b"2"})
    (tmp_path / "CNAME").write_bytes(b"mine")
    (tmp_path / "page/mine.js").write_bytes(b"mine")
    put(tmp_path, {"index.html": b"3", "page/new.js": b"4"})
    found = held(tmp_path)
    del found[MARK]
    assert found == {"index.html": b"3", "page/new.js": b"4", "CNAME": b"mine", "page/mine.js": b"mine"}


def test_an_interrupted_export_is_seen_and_can_be_done_again(tmp_path: Path) -> None:
    put(tmp_path, {"index.html": b"1", "page/old.js": b"2", "page/b.js": b"2"})
    (tmp_path / "page/b.js").unlink()
    (tmp_path / "page/b.js").mkdir()
    with pytest.raises(OSError, match="directory"):
        put(tmp_path, {"index.html": b"3", "page/a.js": b"4", "page/b.js": b"5"})
    assert json.loads((tmp_path / MARK).read_bytes())["whole"] is False
    (tmp_path / "page/b.js").rmdir()
    (tmp_path / "page/.b.js.0f3a9b12.unfinished").write_bytes(b"killed")
    put(tmp_path, {"index.html": b"3", "page/a.js": b"4", "page/b.js": b"5"})
    assert json.loads((tmp_path / MARK).read_bytes())["whole"] is True
    assert held(tmp_path).keys() == {"index.html", "page/a.js", "page/b.js", MARK}


@pytest.mark.parametrize("mark", [None, b"", b"[]", b"{}", b'{"target": "lambda", "sha256": {}}', b"\xff"])
def test_a_folder_of_something_else_is_left_alone(mark: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_bytes(b"mine")
    if mark is not None:
        (tmp_path / MARK).write_bytes(mark)
    before = held(tmp_path)
    with pytest.raises(UsageError, match="other files") as refused:
        put(tmp_path, {"index.html": b"1"})
    assert "empty" in refused.value.hint
    assert held(tmp_path) == before


def test_a_file_that_no_export_wrote_is_not_written_over(tmp_path: Path) -> None:
    put(tmp_path, {"index.html": b"1"})
    (tmp_path / "page").mkdir()
    (tmp_path / "page/new.js").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"new\.js"):
        put(tmp_path, {"index.html": b"2", "page/new.js": b"3"})
    assert (tmp_path / "index.html").read_bytes() == b"1"
    assert (tmp_path / "page/new.js").read_bytes() == b"mine"


def test_a_forged_list_removes_nothing_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_bytes(b"mine")
    (tmp_path / "site").mkdir()
    names = {"../outside.txt": "", str(tmp_path / "outside.txt"): "", "a\0b": "", "index.html": ""}
    (tmp_path / "site" / MARK).write_text(json.dumps({"target": "web", "sha256": names}))
    put(tmp_path / "site", {"page/a.js": b"1"})
    assert (tmp_path / "outside.txt").read_bytes() == b"mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "site").write_bytes(b"mine")
    with pytest.raises(UsageError, match="no folder"):
        put(tmp_path / "site", {"index.html": b"1"})
