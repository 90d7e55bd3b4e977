"""Addresses of stores; no password is ever shown."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.watching.stores.store_address import DATABASE, parse_address


def test_a_folder_has_its_database_in_it(tmp_path: Path) -> None:
    for address in (tmp_path, str(tmp_path / "new"), tmp_path / "ends in.sqlite"):
        if str(address).endswith(".sqlite"):
            Path(address).mkdir()
        parsed = parse_address(address)
        assert parsed.file == Path(address) / DATABASE
        assert parsed.url.database == str(parsed.file)
        assert parsed.name == str(address)


def test_a_file_is_the_database(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    for name in ("plain", "new.sqlite", "new.db", "new.sqlite3"):
        assert parse_address(tmp_path / name).file == tmp_path / name


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_a_url_is_reached_by_the_driver_that_is_installed(scheme: str) -> None:
    parsed = parse_address(f"{scheme}://me:pass%40word@db.example:5433/pictures?sslmode=require")
    assert parsed.file is None
    assert parsed.url.drivername == "postgresql+psycopg"
    assert (parsed.url.password, parsed.url.port, parsed.url.database) == ("pass@word", 5433, "pictures")
    assert dict(parsed.url.query) == {"sslmode": "require", "connect_timeout": "5"}


def test_a_time_limit_in_the_url_is_kept() -> None:
    assert parse_address("postgresql:///a?connect_timeout=60").url.query["connect_timeout"] == "60"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me:secret@host:5/db", "postgresql://me@host:5/db"),
        ("postgresql://me@host/db?password=secret", "postgresql://me@host/db"),
        ("postgresql:///db?host=/run/postgres&password=secret", "postgresql:///run/postgres/db"),
        ("postgresql://host", "postgresql://host/"),
    ],
)
def test_a_password_is_not_in_the_name(url: str, name: str) -> None:
    assert parse_address(url).name == name


@pytest.mark.parametrize(
    "address",
    ["", "a\0b", "x" * 5000, "mysql://me:secret@host/db", "postgresql://me:secret@host:port/db", "http://host", "://"],
)
def test_another_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(address)
    assert "secret" not in str(caught.value)
    assert "postgresql://user@host/database" in caught.value.hint
    assert caught.value.__cause__ is None
