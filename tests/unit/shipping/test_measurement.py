"""A bundle measured in a process of its own."""

from pathlib import Path

import pytest

from discern.errors import BundleError
from discern.shipping.measurement import measure
from tests.unit.bundle.factories import write_small


def test_a_bundle_is_measured_in_a_light_process(tmp_path: Path) -> None:
    found = measure(write_small(tmp_path / "model.discern"))
    assert found.cold_start > 0
    assert found.milliseconds > 0
    assert found.resident_gb is None or 0.03 < found.resident_gb < 1
    assert found.to_json()["pictures"] == 10


@pytest.mark.parametrize("content", [None, b"no bundle"])
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.discern"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.discern"):
        measure(path)
