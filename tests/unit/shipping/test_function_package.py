"""The package of the function has what requests need, and is equal for equal content."""

import sys
import zipfile
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.shipping.compiled_modules import find_python
from discern.shipping.function_package import MAX_IMAGE_BYTES, MAX_UNPACKED_BYTES, FunctionPackage, build_package
from discern.shipping.package_content import discern_files
from tests.unit.shipping.factories import write_wheels


def build(folder: Path, wheels: Path, name: str = "a.zip", architecture: str = "x86_64") -> FunctionPackage:
    return build_package(b"bundle", folder / name, architecture=architecture, cache=folder / "cache", wheels=wheels)


def test_the_package_has_what_requests_load_and_nothing_else(tmp_path: Path) -> None:
    package = build(tmp_path, write_wheels(tmp_path / "wheels"))
    with zipfile.ZipFile(package.path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
    names = {name for name in entries if not name.startswith("discern/") and not name.endswith(".pyc")}
    assert names == {
        "model.discern",
        "numpy/__init__.py",
        "numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so",
        "PIL/Image.py",
        "pillow.libs/libjpeg-1.so",
        "pillow-1.dist-info/licenses/LICENSE",
        "onnxruntime/capi/onnxruntime_pybind11_state.so",
        "python_multipart/multipart.py",
    }
    assert {entry.date_time for entry in entries.values()} == {(1980, 1, 1, 0, 0, 0)}
    assert package.unpacked_bytes == sum(entry.file_size for entry in entries.values())
    assert package.is_compiled == any(name.endswith("numpy/__pycache__/__init__.cpython-312.pyc") for name in entries)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    wheels = write_wheels(tmp_path / "wheels")
    one, other = (build(tmp_path, wheels, name).path.read_bytes() for name in ("a.zip", "b.zip"))
    assert one == other


def test_a_wheel_for_another_processor_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no wheel of numpy.* on arm64") as raised:
        build(tmp_path, write_wheels(tmp_path / "wheels"), architecture="arm64")
    assert "aarch64" in raised.value.hint


def test_a_package_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    wheels = write_wheels(tmp_path / "wheels")
    with pytest.raises(UsageError, match="MB at most") as raised:
        build_package(
            b"bundle",
            tmp_path / "a.zip",
            architecture="x86_64",
            cache=tmp_path / "cache",
            wheels=wheels,
            max_bytes=1000,
        )
    assert "--image" in raised.value.hint
    assert not (tmp_path / "a.zip").exists()


def test_images_may_be_larger_than_archives() -> None:
    assert (MAX_UNPACKED_BYTES, MAX_IMAGE_BYTES) == (262_144_000, 10 * 1024**3)


def test_a_damaged_wheel_is_refused(tmp_path: Path) -> None:
    wheels = write_wheels(tmp_path / "wheels")
    [path] = wheels.glob("pillow*")
    path.write_bytes(path.read_bytes().replace(b"y = 2", b"y = 3"))
    with pytest.raises(UsageError, match="damaged"):
        build(tmp_path, wheels)


def test_another_python_is_not_taken_for_the_given_one() -> None:
    if sys.version_info[:2] != (3, 12):
        with pytest.raises(UsageError, match="is not an interpreter"):
            find_python(sys.executable)
    with pytest.raises(UsageError, match="is not an interpreter"):
        find_python("/nothing/here")


def test_tests_of_contracts_are_not_shipped() -> None:
    names = discern_files()
    assert "discern/bundle/model.py" in names
    assert "discern/shipping/lambda_function/handler.py" in names
    assert not [name for name in names if name.endswith("/testing.py") or name.startswith("discern/flow")]
