"""What databases and disks say becomes a message with the remedy."""

import errno
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from discern.errors import StoreError, UsageError
from discern.watching.stores.database_errors import explain, plain_errors


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("database is locked", "in use by another process", "Wait"),
        ("database or disk is full", "disk is full", "Free disk space"),
        ('could not extend file "base/5/1": No space left on device', "disk is full", "Free disk space"),
        ("attempt to write a readonly database", "cannot be written", "permissions"),
        ("unable to open database file", "cannot be opened", "permissions"),
        ("file is not a database", "is not a store of exchanges", "serve --capture"),
        ("database disk image is malformed", "is damaged", "Restore"),
        ('FATAL:  password authentication failed for user "me"', "user or the password", "PGPASSWORD"),
        ("fe_sendauth: no password supplied", "user or the password", "PGPASSWORD"),
        ('FATAL:  role "me" does not exist', "does not know the user", "PGPASSWORD"),
        ('FATAL:  database "x" does not exist', "does not exist", "createdb"),
        ("permission denied for schema public", "does not permit", "Grant"),
        ('connection to server at "127.0.0.1", port 1 failed: Connection refused', "cannot be reached", "host"),
        ("[Errno -2] Name or service not known", "cannot be reached", "host"),
        ("terminating connection due to administrator command", "cannot be reached", "host"),
        ("connection failed: FATAL:  sorry, too many clients already", "too many connections", "Wait"),
        ("something new happened\nDETAIL: a", "cannot be used: something new happened.", "database runs"),
        ("", "cannot be used: an unknown error.", "database runs"),
    ],
)
def test_each_failure_has_its_message_and_remedy(said: str, message: str, hint: str) -> None:
    error = explain("postgresql://host/db", said)
    assert error.message.startswith("The store postgresql://host/db ")
    assert message in error.message
    assert hint in error.hint


def raised_as(error: Exception) -> StoreError:
    with pytest.raises(StoreError) as caught, plain_errors("captured"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def test_errors_of_the_library_are_converted() -> None:
    error = OperationalError("INSERT", {"label": "private"}, sqlite3.OperationalError("database is locked"))
    assert raised_as(error).message == "The store captured is in use by another process."
    assert "busy" in raised_as(PoolTimeout("QueuePool limit")).message


def test_errors_of_the_disk_are_converted() -> None:
    for number in (errno.ENOSPC, errno.EFBIG):
        assert "disk is full" in raised_as(OSError(number, "no")).message
    assert raised_as(PermissionError(errno.EACCES, "Permission denied")).message.endswith("used: Permission denied.")


@pytest.mark.parametrize("error", [UsageError("no bucket"), KeyError("a bug")])
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)), plain_errors("captured"):
        raise error
