"""A bundle measured in a process of its own."""

from pathlib import Path

import numpy as np
import pytest

from discern.errors import BundleError
from discern.shipping.measurement import measure
from tests.unit.bundle.factories import write_small
from tests.unit.shipping.factories import shipped


def test_a_bundle_is_measured_in_a_light_process(tmp_path: Path) -> None:
    found = measure(write_small(tmp_path / "model.discern"))
    assert found.cold_start > 0
    assert found.milliseconds > 0
    assert found.resident_gb is None or 0.03 < found.resident_gb < 1
    assert found.to_json()["pictures"] == 10


def test_the_memory_is_that_of_the_model_however_large_this_process_is(tmp_path: Path) -> None:
    bundle = shipped(tmp_path)
    ballast = np.ones(1 << 27)
    measured = bundle.measured
    assert ballast.nbytes > 1e9
    assert measured.resident_gb is not None
    assert measured.resident_gb < 0.5


def test_a_bundle_is_measured_once_and_a_server_takes_more(tmp_path: Path) -> None:
    bundle = shipped(tmp_path)
    assert bundle.measured is bundle.measured
    assert (bundle.measured.server_gb or 1) > (bundle.measured.resident_gb or 0) + 0.01


@pytest.mark.parametrize("content", [None, b"no bundle"])
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.discern"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.discern"):
        measure(path)
