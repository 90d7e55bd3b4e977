"""`discern doctor`: whether this machine has what Discern needs."""

import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle import TELEMETRY_MAY_BE_ON, open_runtime
from discern.errors import DiscernError, StoreError
from discern.features import load_backbone
from discern.flow.paths import cache_folder
from discern.flow.run import versions


@dataclass(frozen=True, kw_only=True)
class DoctorCheck:
    """One thing looked at.

    Attributes:
        name: what.
        passed: whether it is well.
        found: what was found.
        hint: what to do, where it is not well.
    """

    name: str
    passed: bool
    found: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class DoctorResult:
    """Everything looked at, and whether all is well.

    Attributes:
        diagnoses: each thing looked at.
    """

    diagnoses: tuple[DoctorCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return all(each.passed for each in self.diagnoses)

    def to_json(self) -> dict[str, Any]:
        """Plain values.

        Keys:
            passed: whether all is well.
            diagnoses: each thing looked at with `name`, `passed`, `found` and `hint`.
        """
        return {"passed": self.passed, "diagnoses": [asdict(each) for each in self.diagnoses]}


def doctor(*, cache: str | Path | None = None) -> DoctorResult:
    """Try what Discern needs on this machine: Python, the libraries, the backbone, the cache, the picture formats."""
    kept = cache_folder(cache)
    tries: tuple[tuple[str, Callable[[], str]], ...] = (
        ("python", lambda: f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("libraries", lambda: ", ".join(f"{name} {version}" for name, version in versions().items())),
        ("telemetry", _telemetry),
        ("picture formats", _formats),
        ("backbone", _backbone),
        ("cache", lambda: _cache(kept)),
    )
    return DoctorResult(diagnoses=tuple(_try(name, attempt) for name, attempt in tries))


def _try(name: str, attempt: Callable[[], str]) -> DoctorCheck:
    try:
        return DoctorCheck(name=name, passed=True, found=attempt())
    except DiscernError as error:
        return DoctorCheck(name=name, passed=False, found=error.message, hint=error.hint)
    except (OSError, ImportError) as error:
        return DoctorCheck(name=name, passed=False, found=str(error), hint=f"Mend the installation of {sys.prefix}.")


def _telemetry() -> str:
    if TELEMETRY_MAY_BE_ON:
        raise DiscernError(
            "ONNX Runtime was loaded before Discern, and may report to its maker.",
            hint="Set ORT_DISABLE_TELEMETRY=1 before the program starts, or import discern.bundle before onnxruntime.",
        )
    return "off in ONNX Runtime; Discern itself has none"


def _formats() -> str:
    from PIL import features  # noqa: PLC0415 - only the doctor asks

    names = [name for name in ("jpg", "webp", "avif", "libtiff") if features.check(name)]
    import pi_heif  # noqa: PLC0415 - loaded when met, here as everywhere

    return f"{', '.join(names)}, heif {pi_heif.libheif_version()}"


def _backbone() -> str:
    backbone = load_backbone()
    outputs = open_runtime(backbone.graph).run({"pixels": np.zeros((1, backbone.size, backbone.size, 3), np.uint8)})
    return f"{backbone.name} at {backbone.size} px gives {outputs['embedding'].shape[1]} numbers a picture"


def _cache(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return f"{folder} can be written"
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror}.", hint="Make room there, or name another with --cache."
        ) from error
