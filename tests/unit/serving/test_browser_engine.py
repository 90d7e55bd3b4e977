"""The engine for browsers comes as it was published, or not at all."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.browser_engine import ENGINE, Package, take_engine

FILES = {"package/dist/a.mjs": b"// code", "package/dist/a.wasm": b"\0asm", "package/README.md": b"words"}


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, data in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def package(data: bytes) -> Package:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    files = {"package/dist/a.mjs": "a.js", "package/dist/a.wasm": "a.wasm"}
    # No registry has it: whoever asks npm for it is refused.
    return Package(name="discern-no-such-engine", version="0.0.0", integrity=integrity, files=files)


def test_what_is_needed_is_taken_out_of_a_given_archive(tmp_path: Path) -> None:
    data = archive()
    (tmp_path / "a.tgz").write_bytes(data)
    taken = take_engine(tmp_path / "cache", given=tmp_path / "a.tgz", package=package(data))
    assert taken == {"a.js": b"// code", "a.wasm": b"\0asm"}
    assert not (tmp_path / "cache").exists()


def test_what_is_kept_is_not_fetched_again(tmp_path: Path) -> None:
    data = archive()
    wanted = package(data)
    kept = tmp_path / "engines" / wanted.archive
    kept.parent.mkdir()
    kept.write_bytes(data)
    assert take_engine(tmp_path, package=wanted).keys() == {"a.js", "a.wasm"}


def test_another_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(archive()[:-1])
    with pytest.raises(UsageError, match="sha512") as refused:
        take_engine(tmp_path, given=tmp_path / "a.tgz")
    assert f"npm pack {ENGINE.wanted}" in refused.value.hint
    assert "--runtime" in refused.value.hint


@pytest.mark.parametrize("name", ["absent.tgz", "."])
def test_an_archive_that_cannot_be_read_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        take_engine(tmp_path, given=tmp_path / name)


def test_the_pinned_sum_is_one() -> None:
    algorithm, _, digest = ENGINE.integrity.partition("-")
    assert (algorithm, len(base64.b64decode(digest))) == ("sha512", 64)
