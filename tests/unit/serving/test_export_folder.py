"""An export folder is replaced by a later export of the same target, and other files are never overwritten."""

import hashlib
import json
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.export_folder import MANIFEST, write_export
from discern.serving.target import Export

MODEL = {"name": "m", "version": "1", "fingerprint": "f" * 64}


def write(folder: Path, files: dict[str, bytes]) -> None:
    write_export(folder, Export(files=files, door="local"), target="web", model=MODEL)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_manifest_has_the_hash_of_each_file(tmp_path: Path) -> None:
    write(tmp_path / "site", {"index.html": b"1", "page/a.js": b"2"})
    manifest = json.loads((tmp_path / "site" / MANIFEST).read_bytes())
    found = content(tmp_path / "site")
    del found[MANIFEST]
    assert manifest["sha256"] == {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    assert (manifest["target"], manifest["door"], manifest["model"], manifest["whole"]) == ("web", "local", MODEL, True)


def test_an_earlier_export_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"index.html": b"1", "page/old.js": b"2"})
    (tmp_path / "CNAME").write_bytes(b"mine")
    (tmp_path / "page/mine.js").write_bytes(b"mine")
    write(tmp_path, {"index.html": b"3", "page/new.js": b"4"})
    found = content(tmp_path)
    del found[MANIFEST]
    assert found == {"index.html": b"3", "page/new.js": b"4", "CNAME": b"mine", "page/mine.js": b"mine"}


def test_an_interrupted_export_is_marked_and_can_be_repeated(tmp_path: Path) -> None:
    write(tmp_path, {"index.html": b"1", "page/old.js": b"2", "page/b.js": b"2"})
    (tmp_path / "page/b.js").unlink()
    (tmp_path / "page/b.js").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path, {"index.html": b"3", "page/a.js": b"4", "page/b.js": b"5"})
    assert json.loads((tmp_path / MANIFEST).read_bytes())["whole"] is False
    (tmp_path / "page/b.js").rmdir()
    (tmp_path / "page/.b.js.0f3a9b12.unfinished").write_bytes(b"killed")
    write(tmp_path, {"index.html": b"3", "page/a.js": b"4", "page/b.js": b"5"})
    assert json.loads((tmp_path / MANIFEST).read_bytes())["whole"] is True
    assert content(tmp_path).keys() == {"index.html", "page/a.js", "page/b.js", MANIFEST}


@pytest.mark.parametrize("manifest", [None, b"", b"[]", b"{}", b'{"target": "lambda", "sha256": {}}', b"\xff"])
def test_a_folder_with_other_files_is_left_alone(manifest: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_bytes(b"mine")
    if manifest is not None:
        (tmp_path / MANIFEST).write_bytes(manifest)
    before = content(tmp_path)
    with pytest.raises(UsageError, match="other files") as raised:
        write(tmp_path, {"index.html": b"1"})
    assert "empty" in raised.value.hint
    assert content(tmp_path) == before


def test_a_file_that_no_export_wrote_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, {"index.html": b"1"})
    (tmp_path / "page").mkdir()
    (tmp_path / "page/new.js").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"new\.js"):
        write(tmp_path, {"index.html": b"2", "page/new.js": b"3"})
    assert (tmp_path / "index.html").read_bytes() == b"1"
    assert (tmp_path / "page/new.js").read_bytes() == b"mine"


def test_a_forged_manifest_removes_nothing_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_bytes(b"mine")
    (tmp_path / "site").mkdir()
    names = {"../outside.txt": "", str(tmp_path / "outside.txt"): "", "a\0b": "", "index.html": ""}
    (tmp_path / "site" / MANIFEST).write_text(json.dumps({"target": "web", "sha256": names}))
    write(tmp_path / "site", {"page/a.js": b"1"})
    assert (tmp_path / "outside.txt").read_bytes() == b"mine"


def test_a_file_in_place_of_the_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "site").write_bytes(b"mine")
    with pytest.raises(UsageError, match="not a folder"):
        write(tmp_path / "site", {"index.html": b"1"})
