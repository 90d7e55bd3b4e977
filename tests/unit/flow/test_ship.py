"""`discern ship` plans first, and creates nothing unless it is confirmed."""

from pathlib import Path

import pytest

from discern.errors import BundleError, UsageError
from discern.flow.ship import ship
from discern.shipping.plan import Plan
from tests.unit.bundle.factories import write_small
from tests.unit.shipping.factories import write_wheels


def test_a_plan_has_the_keys_of_its_contract(tmp_path: Path) -> None:
    bundle, announced = write_small(tmp_path / "small.discern"), list[Plan]()
    options = {"cache": tmp_path / "cache", "wheels": write_wheels(tmp_path / "wheels")}
    result = ship("lambda", bundle, tmp_path / "out", dry_run=True, announce=announced.append, **options)
    value = result.to_json()
    assert list(value) == ["target", "plan", "files", "unpacked_bytes", "zipped_bytes", "cost"]
    assert value["files"] == ["function.zip", "template.yaml"]
    assert all(set(step) == {"text", "creates"} for step in value["plan"])
    assert "AWS::Lambda::Function" in {step["creates"] for step in value["plan"]}
    assert (tmp_path / "out/function.zip").stat().st_size == value["zipped_bytes"]
    assert announced == [result.plan]


def test_what_cannot_be_planned_is_refused(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "small.discern")
    with pytest.raises(UsageError, match="'moon'") as raised:
        ship("moon", bundle)
    assert "lambda" in raised.value.hint
    with pytest.raises(BundleError, match="no bundle"):
        ship("lambda", tmp_path / "absent.discern")
    with pytest.raises(UsageError, match="--wings does not apply"):
        ship("lambda", bundle, wings=2)
    with pytest.raises(UsageError, match="--yes"):
        ship("lambda", bundle, dry_run=True, yes=True)
    with pytest.raises(UsageError, match=r"contains other files, such as small\.discern"):
        ship("lambda", bundle, tmp_path, dry_run=True)
    with pytest.raises(UsageError, match="is not a folder"):
        ship("lambda", bundle, bundle / "out", dry_run=True)
