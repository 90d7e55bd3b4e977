"""Server configuration: unsafe or inconsistent settings are rejected."""

import pickle
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.inference.batch_config import BatchConfig
from discern.serving.config import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS, ServeConfig
from discern.watching.captures.capture_config import CaptureConfig


def test_remote_access_needs_a_key_or_a_statement() -> None:
    with pytest.raises(UsageError, match=r"0\.0\.0\.0 can be reached") as rejected:
        ServeConfig(bundles=("a",), host="0.0.0.0")
    assert "--key-file" in rejected.value.hint
    assert "--no-auth" in rejected.value.hint
    ServeConfig(bundles=("a",), host="0.0.0.0", no_auth=True)
    ServeConfig(bundles=("a",), host="0.0.0.0", key_file=Path("keys.txt"))
    ServeConfig(bundles=("a",), host="::1")


def test_a_rate_limit_of_several_workers_needs_a_shared_store() -> None:
    with pytest.raises(UsageError, match="shared store"):
        ServeConfig(bundles=("a",), workers=2, rate_limit="5/minute")
    ServeConfig(bundles=("a",), workers=2, rate_limit="5/minute", rate_store="redis://localhost")


@pytest.mark.parametrize("options", [{"workers": 0}, {"port": -1}, {"port": 70000}])
def test_values_out_of_range_are_rejected(options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        ServeConfig(bundles=("a",), **options)


def test_looks_need_a_capture_and_a_pause(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--alert-webhook has no effect"):
        ServeConfig(bundles=("m",), alert_webhook="https://example.org/hook")
    capture = CaptureConfig(store=str(tmp_path))
    assert ServeConfig(bundles=("m",), capture=capture, alert_webhook="https://example.org/hook").look_seconds == 60
    for seconds in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(UsageError, match="between looks"):
            ServeConfig(bundles=("m",), look_seconds=seconds)


def test_origins_are_normalised() -> None:
    given = ("https://Shop.example/", "http://a.example:80", "https://a.example:8443", "http://[::1]:5173", "*")
    normalised = ("https://shop.example", "http://a.example", "https://a.example:8443", "http://[::1]:5173", "*")
    assert ServeConfig(bundles=("a",), cors=given).cors == normalised


@pytest.mark.parametrize("origin", ["shop.example", "foo", "https://", "ftp://a", "https://a/page", "https://a b", ""])
def test_invalid_origins_are_rejected(origin: str) -> None:
    with pytest.raises(UsageError, match="Invalid origin"):
        ServeConfig(bundles=("a",), cors=(origin,))


def test_proxies_are_addresses_or_networks() -> None:
    ServeConfig(bundles=("a",), trusted_proxies="10.0.0.1, 10.1.0.0/16,::1")
    ServeConfig(bundles=("a",), trusted_proxies="*")
    with pytest.raises(UsageError, match="nonsense"):
        ServeConfig(bundles=("a",), trusted_proxies="10.0.0.1,nonsense")


def test_a_request_has_no_more_pictures_than_the_queue_holds() -> None:
    config = ServeConfig(bundles=("a",), max_pictures=64, batching=BatchConfig(max_queue=5))
    assert config.pictures_per_request == 5
    assert ServeConfig(bundles=("a",)).pictures_per_request == ServeConfig.max_pictures


OLD_NAMES = {
    "open": ("no_auth", True),
    "rate": ("rate_limit", "5/minute"),
    "body_seconds": ("request_timeout", 7.0),
    "behind": ("trusted_proxies", "10.0.0.1"),
}


@pytest.mark.parametrize("old", OLD_NAMES)
def test_old_names_work_with_a_warning(old: str) -> None:
    new, value = OLD_NAMES[old]
    with pytest.warns(DeprecationWarning, match=f"ServeConfig: {old} is now {new}") as caught:
        config = ServeConfig(bundles=("a",), **{old: value})
    assert caught[0].filename == __file__
    assert config == ServeConfig(bundles=("a",), **{new: value})
    with pytest.warns(DeprecationWarning, match=f"{old} is now {new}"):
        assert getattr(config, old) == value


def test_an_old_property_works_with_a_warning() -> None:
    config = ServeConfig(bundles=("a",))
    with pytest.warns(DeprecationWarning, match="most_pictures is now pictures_per_request"):
        assert config.most_pictures == config.pictures_per_request


def test_unknown_names_are_rejected() -> None:
    with pytest.raises(TypeError, match="colour"):
        ServeConfig(bundles=("a",), colour="red")
    with pytest.raises(AttributeError, match="colour"):
        _ = ServeConfig(bundles=("a",)).colour


def test_new_names_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = ServeConfig(bundles=("a",), **dict(OLD_NAMES.values()))
        assert pickle.loads(pickle.dumps(replace(config, port=1))).port == 1


def test_the_defaults_load_no_library() -> None:
    """The command line reads them."""
    code = "import sys; from discern.serving.config import ServeConfig; ServeConfig.port; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[0] for name in loaded} & {"numpy", "PIL", "onnxruntime"} == set()
    limits = ServeConfig(bundles=("a",)).limits
    assert (limits.max_bytes, limits.max_pixels) == (MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS)
