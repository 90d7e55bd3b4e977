"""The defaults of `discern serve` are those of the library."""

import inspect
from dataclasses import fields

import pytest

from discern.cli import serve_commands
from discern.inference.batch_config import BatchConfig
from discern.serving.config import ServeConfig

OPTIONS = {name: each.default for name, each in inspect.signature(serve_commands.serve).parameters.items()}
CONFIG = ServeConfig(bundles=("a",))
SAME = (
    "host", "port", "workers", "key_file", "no_auth", "rate_limit", "rate_store", "max_pictures", "request_timeout",
    "allow_urls", "trusted_proxies", "watch",
)  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_an_option_has_the_default_of_the_library(name: str) -> None:
    assert OPTIONS[name] == getattr(CONFIG, name)


def test_options_with_other_names_have_it_as_well() -> None:
    batching = BatchConfig()
    others = {each.name for each in fields(batching)} - {"capture"}  # which follows from --capture
    assert others == {"max_batch", "max_wait", "max_queue", "timeout", "threads"}
    assert (OPTIONS["max_batch"], OPTIONS["max_queue"]) == (batching.max_batch, batching.max_queue)
    assert (OPTIONS["timeout"], OPTIONS["threads"]) == (batching.timeout, batching.threads)
    assert OPTIONS["max_wait_ms"] / 1000 == batching.max_wait
    assert OPTIONS["max_mb"] * 1e6 == CONFIG.limits.max_bytes
    assert tuple(OPTIONS["cors"] or ()) == CONFIG.cors
    assert tuple(OPTIONS["allowed_host"] or ()) == CONFIG.allowed_hosts
