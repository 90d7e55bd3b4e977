"""A server that would be open by accident is not started."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.config import ServeConfig


def test_other_machines_need_a_key_or_a_word() -> None:
    with pytest.raises(UsageError, match=r"0\.0\.0\.0 can be reached") as refused:
        ServeConfig(bundles=("a",), host="0.0.0.0")
    assert "--key-file" in refused.value.hint
    assert "--open" in refused.value.hint
    ServeConfig(bundles=("a",), host="0.0.0.0", open=True)
    ServeConfig(bundles=("a",), host="0.0.0.0", key_file=Path("keys.txt"))
    ServeConfig(bundles=("a",), host="::1")


def test_workers_that_cannot_count_together_are_refused() -> None:
    with pytest.raises(UsageError, match="count"):
        ServeConfig(bundles=("a",), workers=2, rate="5/minute")
    ServeConfig(bundles=("a",), workers=2, rate="5/minute", rate_store="redis://localhost")


@pytest.mark.parametrize("figures", [{"workers": 0}, {"port": -1}, {"port": 70000}])
def test_figures_that_make_no_sense_are_refused(figures: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        ServeConfig(bundles=("a",), **figures)
