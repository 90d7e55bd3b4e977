"""Addresses of databases are checked, and their passwords are in no message."""

import pytest

from discern.errors import UsageError
from discern.flow.tune.storage_address import StorageAddress


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("postgresql://ada:secret@host:5432/trials", "postgresql://ada:***@host:5432/trials"),
        ("postgresql://ada:se/cr@et@host/trials", "postgresql://ada:***@host/trials"),
        ("postgresql://ada:%40secret@host/trials", "postgresql://ada:***@host/trials"),
        ("postgresql://ada@host/trials", "postgresql://ada@host/trials"),
        ("postgresql://host/trials?user=ada&password=secret&x=1", "postgresql://host/trials?user=ada&password=***&x=1"),
        ("postgresql+psycopg://ada:secret@/trials?host=/run", "postgresql+psycopg://ada:***@/trials?host=/run"),
        ("sqlite:///trials.db", "sqlite:///trials.db"),
        ("sqlite:////data/a:b@c.db", "sqlite:////data/a:b@c.db"),
    ],
)
def test_a_password_is_hidden(url: str, hidden: str) -> None:
    address = StorageAddress(url)
    assert address.hidden == hidden
    assert "secret" not in repr(address)


def test_a_password_is_taken_out_of_the_errors_of_a_driver() -> None:
    address = StorageAddress("postgresql://ada:s%40cret@host/trials?password=hidden")
    message = address.redact("password s@cret (s%40cret, hidden) failed for postgresql://ada:s%40cret@host")
    assert message == "password *** (***, ***) failed for postgresql://ada:***@host"
    assert StorageAddress("sqlite:///trials.db").redact("unable to open trials.db") == "unable to open trials.db"


@pytest.mark.parametrize(
    "url",
    [
        *("trials.db", "", "mysql://ada:secret@host/trials", "https://host/trials", "sqlite", "://", "sqlite:/trials"),
        *("sqlite://", "sqlite://trials.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///?x=1"),
    ],
)
def test_other_addresses_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(UsageError) as refusal:
        StorageAddress.checked(url)
    assert "secret" not in str(refusal.value)
    assert refusal.value.hint


def test_a_file_of_sqlite_is_accepted() -> None:
    assert StorageAddress.checked(" sqlite:///trials.db ").url == "sqlite:///trials.db"


def test_a_missing_driver_is_named_with_the_line_that_installs_it() -> None:
    with pytest.raises(UsageError, match=r"driver nosuchdriver, .*pip install nosuchdriver") as refusal:
        StorageAddress.checked("postgresql+nosuchdriver://ada:secret@host/trials")
    assert "secret" not in str(refusal.value)
