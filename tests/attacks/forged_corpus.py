"""All forged bundles, and the ways that lead into Discern."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from discern.bundle import load
from discern.errors import BundleError
from discern.flow.verify import verify
from discern.inference.batch_config import BatchConfig
from discern.inference.model_registry import ModelRegistry
from tests.attacks.forged_bundle import Forged, ForgedGraph
from tests.attacks.forged_encodings import ENCODINGS
from tests.attacks.forged_figures import FIGURES
from tests.attacks.forged_manifests import MANIFESTS
from tests.attacks.forged_references import REFERENCES
from tests.attacks.forged_sizes import SIZES
from tests.attacks.forged_wiring import WIRING
from tests.attacks.hostile_bundles import sound_bundle
from tests.unit.bundle.factories import plain

GRAPHS: tuple[ForgedGraph, ...] = (*REFERENCES, *ENCODINGS, *SIZES, *WIRING)
CORPUS: tuple[Forged, ...] = (*(graph.bundle() for graph in GRAPHS), *MANIFESTS, *FIGURES)
KINDS = tuple(dict.fromkeys(forged.kind for forged in CORPUS))
assert len({forged.title for forged in CORPUS}) == len(CORPUS)

Door = Callable[[Path], str]
"""A function that passes a bundle's path, and returns the reason for its refusal or "" if it is accepted."""


def by_load(path: Path) -> str:
    """Load a bundle, and predict with it."""
    try:
        model = load(path)
    except BundleError as error:
        return _reason(error)
    found = model(plain(200, 0, 0))
    assert found.decision == "unknown" or abs(sum(found.probabilities.values()) - 1) < 1e-5
    return ""


def by_verify(path: Path) -> str:
    """Verify a bundle as `discern verify` does."""
    try:
        found = verify(path)
    except BundleError as error:
        return _reason(error)
    assert found.passed == (found.why == "")
    return found.why


def by_serve(path: Path) -> str:
    """Open a bundle as a server does at its start."""
    try:
        ModelRegistry([path], batching=BatchConfig(threads=1)).close()
    except BundleError as error:
        return _reason(error)
    return ""


class Reloading:
    """A served sound bundle, whose file is replaced by others in turn.

    Args:
        folder: place of the file.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "served.discern"
        self._path.write_bytes(sound_bundle())
        self._registry = ModelRegistry([self._path], batching=BatchConfig(threads=1))
        self._fingerprint = self._registry.get().model.fingerprint

    def __call__(self, path: Path) -> str:
        """Replace the file as `mv` does, and let the server reload it; the sound bundle goes on answering."""
        moved = self._path.with_name("next")
        moved.write_bytes(path.read_bytes())
        moved.replace(self._path)
        try:
            self._registry.reload(changed_only=True)
        except BundleError as error:
            reason = _reason(error)
        else:
            reason = ""
        served = self._registry.get()
        if reason:
            assert served.model.fingerprint == self._fingerprint
            (answer,) = self._registry.submit_all([np.asarray(plain(200, 0, 0))])
            assert answer.result(timeout=60).prediction.label == "red"
        return reason

    def close(self) -> None:
        """Stop serving."""
        self._registry.close()


DOORS: dict[str, Door] = {"load": by_load, "verify": by_verify, "serve": by_serve}


def _reason(error: BundleError) -> str:
    assert error.hint, error.message
    return error.message
