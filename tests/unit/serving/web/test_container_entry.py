"""The server in a container is configured by environment variables alone, and wrong ones are refused."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.web.container_entry import read_config

BUNDLE = {"DISCERN_BUNDLE": "/app/model.discern"}
KEYS = {"DISCERN_KEY_FILE": "/run/secrets/discern_keys", "DISCERN_HOST": "0.0.0.0"}


def test_variables_set_the_configuration() -> None:
    more = {
        "DISCERN_PORT": "8080",
        "DISCERN_THREADS": "2",
        "DISCERN_CORS": "https://a.example, https://b.example",
        "PATH": "/",
    }
    config = read_config(BUNDLE | KEYS | more)
    assert config.bundles == ("/app/model.discern",)
    assert (config.host, config.port, config.key_file) == ("0.0.0.0", 8080, Path("/run/secrets/discern_keys"))
    assert config.cors == ("https://a.example", "https://b.example")
    assert config.batching.threads == 2
    assert not config.watch  # nothing can change in an image


def test_a_server_for_everyone_needs_no_keys() -> None:
    config = read_config(BUNDLE | KEYS | {"DISCERN_NO_AUTH": "1"})
    assert config.no_auth
    assert config.key_file is None


def test_a_server_for_others_without_keys_is_refused() -> None:
    with pytest.raises(UsageError, match="no API key is required"):
        read_config(BUNDLE | {"DISCERN_HOST": "0.0.0.0", "DISCERN_KEY_FILE": ""})


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "DISCERN_BUNDLE is not set"),
        ({"DISCERN_BUNDLE": ""}, "DISCERN_BUNDLE is not set"),
        (BUNDLE | {"DISCERN_POTR": "1"}, "Unknown variable: DISCERN_POTR"),
        (BUNDLE | {"DISCERN_PORT": "tcp://10.0.0.1:80"}, "Invalid value of DISCERN_PORT"),
        (BUNDLE | {"DISCERN_THREADS": "0"}, "Invalid value of DISCERN_THREADS"),
        (BUNDLE | {"DISCERN_NO_AUTH": "maybe"}, "Invalid value of DISCERN_NO_AUTH"),
        (BUNDLE | {"DISCERN_RATE_LIMIT": "much"}, "(?i)rate"),
    ],
)
def test_wrong_variables_are_refused(variables: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_config(variables)
