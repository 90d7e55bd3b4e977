"""Functions that check the installation and the machine (`discern doctor`)."""

import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle import TELEMETRY_MAY_BE_ON, open_runtime
from discern.client.request import load_httpx
from discern.display.displayed import Displayed
from discern.display.html_card import HtmlCard
from discern.errors import DiscernError, StoreError
from discern.features import load_backbone
from discern.flow.paths import cache_folder
from discern.flow.run import versions
from discern.flow.serve import require_packages
from discern.store import private_folder


@dataclass(frozen=True, kw_only=True)
class DoctorCheck:
    """Result of one installation check of `discern doctor`.

    Attributes:
        name: name of the check.
        passed: whether it passed.
        found: finding, in one sentence.
        hint: remedy; "" if it passed.
    """

    name: str
    passed: bool
    found: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class DoctorResult(Displayed):
    """Result of `discern.doctor`, with all installation checks.

    Attributes:
        diagnoses: result of each check.
    """

    diagnoses: tuple[DoctorCheck, ...]

    @property
    def passed(self) -> bool:
        """Return True if all installation checks passed."""
        return all(each.passed for each in self.diagnoses)

    def _brief(self) -> dict[str, Any]:
        return {"passed": self.passed}

    def _to_card(self) -> HtmlCard:
        title = "Everything works" if self.passed else "Something does not work"
        rows = [("✓" if each.passed else "✗", f"{each.name}: {each.found} {each.hint}") for each in self.diagnoses]
        return HtmlCard("Discern · doctor", title).facts(rows)

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            passed: whether all checks passed.
            diagnoses: result of each check with `name`, `passed`, `found` and `hint`.
        """
        return {"passed": self.passed, "diagnoses": [asdict(each) for each in self.diagnoses]}


def doctor(*, cache: str | Path | None = None) -> DoctorResult:
    """Check that Discern and its dependencies work on this machine.

    Args:
        cache: cache directory; None for the user's cache directory.
    """
    folder = cache_folder(cache)
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("python", lambda: f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("libraries", lambda: ", ".join(f"{name} {version}" for name, version in versions().items())),
        ("telemetry", _telemetry),
        ("picture formats", _formats),
        ("backbone", _backbone),
        ("server and client", _server_and_client),
        ("cache", lambda: _cache(folder)),
    )
    return DoctorResult(diagnoses=tuple(_run(name, check) for name, check in checks))


def _run(name: str, check: Callable[[], str]) -> DoctorCheck:
    try:
        return DoctorCheck(name=name, passed=True, found=check())
    except DiscernError as error:
        return DoctorCheck(name=name, passed=False, found=error.message, hint=error.hint)
    except (OSError, ImportError) as error:
        return DoctorCheck(
            name=name, passed=False, found=str(error), hint=f"Repair the Python installation in {sys.prefix}."
        )


def _telemetry() -> str:
    if TELEMETRY_MAY_BE_ON:
        raise DiscernError(
            "ONNX Runtime was imported before Discern, so its telemetry may be on.",
            hint="Set ORT_DISABLE_TELEMETRY=1 before the program starts, or import discern before onnxruntime.",
        )
    return "off in ONNX Runtime; Discern itself has none"


def _formats() -> str:
    from PIL import features  # noqa: PLC0415 - needed here only

    names = [name for name in ("jpg", "webp", "avif", "libtiff") if features.check(name)]
    import pi_heif  # noqa: PLC0415 - imported on first use, as everywhere

    return f"{', '.join(names)}, heif {pi_heif.libheif_version()}"


def _backbone() -> str:
    backbone = load_backbone()
    outputs = open_runtime(backbone.graph).run({"pixels": np.zeros((1, backbone.size, backbone.size, 3), np.uint8)})
    return f"{backbone.name} at {backbone.size} px gives embeddings of {outputs['embedding'].shape[1]} numbers"


def _server_and_client() -> str:
    require_packages()
    load_httpx()
    return "their packages are installed"


def _cache(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=private_folder(folder)):
            return f"{folder} is writable"
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror}.",
            hint="Free disk space, or choose another folder with --cache.",
        ) from error
