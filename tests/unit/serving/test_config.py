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


def test_origins_are_kept_as_browsers_write_them() -> None:
    given = ("https://Shop.example/", "http://a.example:80", "https://a.example:8443", "http://[::1]:5173", "*")
    kept = ("https://shop.example", "http://a.example", "https://a.example:8443", "http://[::1]:5173", "*")
    assert ServeConfig(bundles=("a",), cors=given).cors == kept


@pytest.mark.parametrize("origin", ["shop.example", "foo", "https://", "ftp://a", "https://a/page", "https://a b", ""])
def test_what_no_browser_would_send_as_origin_is_refused(origin: str) -> None:
    with pytest.raises(UsageError, match="no origin"):
        ServeConfig(bundles=("a",), cors=(origin,))


def test_proxies_are_addresses() -> None:
    ServeConfig(bundles=("a",), behind="10.0.0.1, 10.1.0.0/16,::1")
    ServeConfig(bundles=("a",), behind="*")
    with pytest.raises(UsageError, match="nonsense"):
        ServeConfig(bundles=("a",), behind="10.0.0.1,nonsense")
