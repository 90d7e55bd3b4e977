"""Files of a function's package: the parts of wheels and of Discern that answer requests."""

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from discern.errors import UsageError

ROOMS = ("picture", "bundle", "inference", "display", "parallel", "shipping/aws", "shipping/lambda_function")
"""Parts of Discern that the function needs, with the modules in `_MODULES`."""

_MODULES = (
    *("__init__.py", "_version.py", "atomic.py", "errors.py", "progress.py", "shipping/__init__.py"),
    *("buckets/__init__.py", "buckets/account_clients.py", "buckets/bucket_address.py"),
)
_NOT_SHIPPED = ("testing.py",)

# Left out of wheels: what no request loads. The second copy of ONNX Runtime's library is for programs in C.
_LEFT_OUT = (
    r"(.*/)?tests?/.*",
    r".*\.(pyi|pxd|h|hpp|c|cpp|a|lib)",
    r".*/(conftest|py\.typed)(\.py)?",
    r"numpy/(f2py|_pyinstaller|doc)/.*",
    r"numpy/(.*/)?_(simd|multiarray_tests|operand_flag_tests|rational_tests|struct_ufunc_tests|umath_tests)\..*",
    r"onnxruntime/capi/libonnxruntime\.so.*",
    r"onnxruntime/(tools|transformers|quantization|datasets|backend)/.*",
    r"PIL/_imaging(ft|tk)\..*",
    r"pillow\.libs/lib(freetype|harfbuzz|brotli|png)[^/]*",
    r"multipart/.*",
    r"[^/]+\.dist-info/(RECORD|WHEEL|INSTALLER|top_level\.txt|entry_points\.txt|sboms/.*)",
    r"[^/]+\.data/.*",
    r"bin/.*",
)
_AVIF = (r"PIL/_avif\..*", r"pillow\.libs/libavif[^/]*")


def wheel_files(path: Path, *, further_formats: bool = False) -> Iterator[tuple[str, bytes]]:
    """Read the files of a wheel that the function needs, each with its name.

    Args:
        path: path of the wheel.
        further_formats: whether AVIF is read as well.

    Raises:
        UsageError: the wheel is damaged.
    """
    left_out = re.compile("|".join(_LEFT_OUT if further_formats else (*_LEFT_OUT, *_AVIF)))
    try:
        with zipfile.ZipFile(path) as wheel:
            digests = _digests(wheel)
            for name in sorted(wheel.namelist()):
                if name.endswith("/") or left_out.fullmatch(name):
                    continue
                data = wheel.read(name)
                _check(name, data, digests)
                yield name, data
    except (zipfile.BadZipFile, OSError, KeyError, ValueError) as error:
        raise UsageError(f"The wheel {path} is damaged: {error}.", hint="Delete it, and download it again.") from error


def discern_files() -> dict[str, bytes]:
    """Read the modules of Discern that the function needs, each with its name."""
    root = Path(__file__).resolve().parent.parent
    paths = [root / name for name in _MODULES]
    for room in ROOMS:
        paths += [path for path in (root / room).rglob("*.py") if path.name not in _NOT_SHIPPED]
    return {f"discern/{path.relative_to(root).as_posix()}": path.read_bytes() for path in sorted(paths)}


def _digests(wheel: zipfile.ZipFile) -> Mapping[str, str]:
    """Return the digests of a wheel's files as its RECORD lists them."""
    [record] = [name for name in wheel.namelist() if name.endswith(".dist-info/RECORD")]
    rows = [line.rsplit(",", 2) for line in wheel.read(record).decode().splitlines() if line]
    return {row[0].strip('"'): row[1] for row in rows if len(row) == 3}


def _check(name: str, data: bytes, digests: Mapping[str, str]) -> None:
    if name.startswith("/") or ".." in name.split("/") or "\\" in name:
        raise ValueError(f"{name!r} is not the name of a file in it")
    kind, _, expected = digests[name].partition("=")
    found = base64.urlsafe_b64encode(hashlib.new(kind, data).digest()).rstrip(b"=").decode()
    if found != expected:
        raise ValueError(f"{name} does not have the recorded digest")
