"""Kaggle's token is read from where its own client reads it, and never quoted."""

import base64
from pathlib import Path

import pytest

from discern.collecting.datasets.kaggle_token import ADDRESS, kaggle_address
from discern.errors import UsageError


def test_a_token_of_the_environment_or_of_its_file(tmp_path: Path) -> None:
    given = kaggle_address("a/b", {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": "k1"}, tmp_path)
    assert given.url == f"{ADDRESS}a/b"
    assert base64.b64decode(given.headers["Authorization"].split()[1]) == b"me:k1"
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle/kaggle.json").write_text('{"username": "you", "key": "k2"}')
    stored = kaggle_address("a/b", {}, tmp_path)
    assert base64.b64decode(stored.headers["Authorization"].split()[1]) == b"you:k2"
    assert kaggle_address("a/b", {"KAGGLE_CONFIG_DIR": str(tmp_path / ".kaggle")}, Path("/")) == stored


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "k3cret", '{"username": "a:b", "key": "k3cret"}', '{"username": "a", "key": 3}']
)
def test_without_a_valid_token_the_message_says_where_to_get_one(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="Kaggle needs a token"):
        kaggle_address("a/b", {"KAGGLE_USERNAME": "me"}, tmp_path)
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle/kaggle.json").write_text(text)
    with pytest.raises(UsageError, match="token") as caught:
        kaggle_address("a/b", {}, tmp_path)
    assert "https://www.kaggle.com/settings" in caught.value.hint
    assert "k3cret" not in str(caught.value)
