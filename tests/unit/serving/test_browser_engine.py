"""ONNX Runtime for browsers is loaded only if its archive has the pinned hash."""

import base64
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.browser_engine import ENGINE, Package, load_engine

FILES = {"package/dist/a.mjs": b"// code", "package/dist/a.wasm": b"\0asm", "package/README.md": b"words"}


def make_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        for name, data in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            opened.addfile(entry, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)  # the same bytes whenever it is made


def make_package(data: bytes) -> Package:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    files = {"package/dist/a.mjs": "a.js", "package/dist/a.wasm": "a.wasm"}
    # This package is in no registry, so that npm cannot download it.
    return Package(name="discern-no-such-engine", version="0.0.0", integrity=integrity, files=files)


def test_the_files_are_extracted_from_a_given_archive(tmp_path: Path) -> None:
    data = make_archive()
    (tmp_path / "a.tgz").write_bytes(data)
    files = load_engine(tmp_path / "cache", archive=tmp_path / "a.tgz", package=make_package(data))
    assert files == {"a.js": b"// code", "a.wasm": b"\0asm"}
    assert not (tmp_path / "cache").exists()


def test_a_cached_archive_is_not_downloaded_again(tmp_path: Path) -> None:
    data = make_archive()
    package = make_package(data)
    cached = tmp_path / "engines" / package.archive
    cached.parent.mkdir()
    cached.write_bytes(data)
    assert load_engine(tmp_path, package=package).keys() == {"a.js", "a.wasm"}


def test_an_archive_with_another_hash_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(make_archive()[:-1])
    with pytest.raises(UsageError, match="sha512") as raised:
        load_engine(tmp_path, archive=tmp_path / "a.tgz")
    assert f"npm pack {ENGINE.spec}" in raised.value.hint
    assert "--runtime" in raised.value.hint


@pytest.mark.parametrize("name", ["absent.tgz", "."])
def test_an_unreadable_archive_is_rejected(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_engine(tmp_path, archive=tmp_path / name)


def test_the_pinned_hash_is_a_sha512() -> None:
    algorithm, _, digest = ENGINE.integrity.partition("-")
    assert (algorithm, len(base64.b64decode(digest))) == ("sha512", 64)
