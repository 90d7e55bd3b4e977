"""The command line cannot import what serves, which loads the libraries; so its defaults are held to theirs here."""

import inspect
from dataclasses import fields

import pytest

from discern.cli import serve_commands
from discern.inference.batcher import BatchConfig
from discern.serving.config import ServeConfig

OPTIONS = {name: each.default for name, each in inspect.signature(serve_commands.serve).parameters.items()}
CONFIG = ServeConfig(bundles=("a",))
SAME = ("host", "port", "workers", "key_file", "rate", "rate_store", "max_pictures", "allow_urls", "behind", "watch")


@pytest.mark.parametrize("name", SAME)
def test_an_option_has_the_default_of_the_library(name: str) -> None:
    assert OPTIONS[name] == getattr(CONFIG, name)


def test_options_under_other_names_have_it_too() -> None:
    batching = BatchConfig()
    assert {each.name for each in fields(batching)} == {"max_batch", "max_wait", "queue", "timeout", "threads"}
    assert (OPTIONS["max_batch"], OPTIONS["queue"]) == (batching.max_batch, batching.queue)
    assert (OPTIONS["timeout"], OPTIONS["threads"]) == (batching.timeout, batching.threads)
    assert OPTIONS["max_wait_ms"] / 1000 == batching.max_wait
    assert OPTIONS["max_mb"] * 1e6 == CONFIG.limits.max_bytes
    assert OPTIONS["patience"] == CONFIG.body_seconds
    assert OPTIONS["open_to_all"] == CONFIG.open
    assert tuple(OPTIONS["cors"] or ()) == CONFIG.cors
