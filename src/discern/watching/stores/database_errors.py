"""Plain messages for the errors of databases and of the disks below them."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from discern.errors import DiscernError, StoreError

_SPACE = "Free disk space, or erase old exchanges with a limit of age or size."
_BUSY = "Wait until it is free, or stop the other process."
_PERMISSION = "Check the permissions of the folder and of its files, and that the disk can be written."
_NOT_A_STORE = "Pass the folder that `discern serve --capture` wrote."
_LOGIN = "Check the user and the password in the address, or set PGPASSWORD."
_NETWORK = "Check the host, the port and that the database runs."
_NAME = "Check the name of the database in the address, or create it with `createdb`."
_GRANT = "Grant the user the permission to create and change tables in this database."

# Words of the database's own message, what follows of them, and the remedy.
_KNOWN = (
    (("database is locked", "database table is locked"), "is in use by another process", _BUSY),
    (("disk is full", "no space left on device", "disk i/o error"), "cannot be written: its disk is full", _SPACE),
    (("readonly database", "read-only"), "cannot be written", _PERMISSION),
    (("unable to open database file",), "cannot be opened", _PERMISSION),
    (("is not a database",), "is not a store of exchanges", _NOT_A_STORE),
    (("malformed",), "is damaged", "Restore it from a copy, or begin a new one."),
    (
        ("password authentication failed", "no password supplied", "authentication failed"),
        "does not accept the user or the password",
        _LOGIN,
    ),
    (("role ",), "does not know the user", _LOGIN),
    (("permission denied", "must be owner"), "does not permit this user to do that", _GRANT),
    (("too many clients", "too many connections", "remaining connection slots"), "has too many connections", _BUSY),
    (("does not exist",), "does not exist", _NAME),
    (
        (
            *("connection refused", "could not translate host name", "failed to resolve host", "timeout expired"),
            *("connection failed", "server closed the connection", "terminating connection", "connection timeout"),
            *("the database system is", "connection is bad", "could not connect", "name or service not known"),
            *("consuming input failed", "the connection is closed", "the connection is lost", "no such file"),
        ),
        "cannot be reached",
        _NETWORK,
    ),
)


@contextmanager
def plain_errors(name: str) -> Iterator[None]:
    """Context manager that converts errors of a database and of the disk to messages with the remedy.

    Args:
        name: the store's address without a password.

    Raises:
        StoreError: the store cannot be used.
    """
    try:
        yield
    except DiscernError:
        raise
    except PoolTimeout as error:
        raise StoreError(f"The store {name} is busy: no connection became free.", hint=_BUSY) from error
    except DBAPIError as error:
        raise explain(name, str(error.orig)) from error
    except OSError as error:
        raise explain_disk(name, error) from error


def explain(name: str, said: str) -> StoreError:
    """Return the error for what a database said."""
    found = said.lower()
    for words, what, hint in _KNOWN:
        if any(word in found for word in words):
            return StoreError(f"The store {name} {what}.", hint=hint)
    return StoreError(f"The store {name} cannot be used: {_first_line(said)}.", hint=_NETWORK)


def explain_disk(name: str, error: OSError) -> StoreError:
    """Return the error for a file that cannot be read or written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreError(f"The store {name} cannot be written: its disk is full.", hint=_SPACE)
    return StoreError(f"The store {name} cannot be used: {error.strerror or error}.", hint=_PERMISSION)


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0].rstrip(". ") if lines else "an unknown error"
