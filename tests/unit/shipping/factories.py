"""Wheels that look like those of the function's packages, and bundles to ship."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from discern.bundle import load
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.wheel_download import PACKAGES, pinned_requirements
from tests.unit.bundle.factories import write_small

FILES: Mapping[str, Mapping[str, bytes]] = {
    "numpy": {
        "numpy/__init__.py": b"x = 1\n",
        "numpy/__init__.pyi": b"",
        "numpy/tests/test_a.py": b"",
        "numpy/f2py/a.py": b"",
        "numpy/_core/_simd.cpython-312-x86_64-linux-gnu.so": b"so",
        "numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so": b"so",
    },
    "pillow": {
        "PIL/Image.py": b"y = 2\n",
        "PIL/_avif.cpython-312-x86_64-linux-gnu.so": b"so",
        "PIL/_imagingft.cpython-312-x86_64-linux-gnu.so": b"so",
        "pillow.libs/libfreetype-1.so": b"so",
        "pillow.libs/libjpeg-1.so": b"so",
        "pillow-1.dist-info/licenses/LICENSE": b"free",
    },
    "onnxruntime": {
        "onnxruntime/capi/libonnxruntime.so.1.31.1": b"so",
        "onnxruntime/capi/onnxruntime_pybind11_state.so": b"so",
        "onnxruntime/tools/a.py": b"",
    },
    "python_multipart": {"python_multipart/multipart.py": b"", "multipart/__init__.py": b""},
}


def write_wheels(folder: Path, machine: str = "x86_64", *, for_pip: bool = False) -> Path:
    """Write a wheel of each package in the version that is installed, on request with what pip reads first."""
    folder.mkdir(parents=True)
    for requirement in pinned_requirements(PACKAGES):
        name, _, version = requirement.replace("-", "_").partition("==")
        tag = "py3-none-any" if name == "python_multipart" else f"cp312-cp312-manylinux_2_28_{machine}"
        inside, files = f"{name}-{version}.dist-info", dict(FILES[name])
        if for_pip:
            files = {path: data for path, data in files.items() if ".dist-info/" not in path}
            files[f"{inside}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
            files[f"{inside}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
        record = "".join(f"{path},sha256={digest(data)},{len(data)}\n" for path, data in files.items())
        with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
            for path, data in files.items():
                wheel.writestr(path, data)
            wheel.writestr(f"{inside}/RECORD", record)
    return folder


def digest(data: bytes) -> str:
    """Encode a digest as RECORD does."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def shipped(folder: Path, **changes: object) -> ShippedBundle:
    """Return a small bundle to ship."""
    path = write_small(folder / "small.discern", **changes)
    return ShippedBundle(path=path, model=load(path))
