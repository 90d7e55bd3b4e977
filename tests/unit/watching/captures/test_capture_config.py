"""Settings of the capture: wrong ones are rejected with a remedy, and the spool has its place."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.watching.captures.capture_config import CaptureConfig, is_database, without_password


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"store": ""}, "no address"),
        ({"sample": 0}, "0"),
        ({"sample": 1.01}, "1.01"),
        ({"sample": float("nan")}, "nan"),
        ({"sample": "some"}, "some"),
        ({"max_days": 0}, "max_days"),
        ({"max_days": float("inf")}, "inf"),
        ({"max_gb": -1}, "max_gb"),
        ({"max_spool": 0}, "max_spool"),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(changes: dict[str, object], found: str) -> None:
    with pytest.raises(UsageError, match=found) as error:
        CaptureConfig(**({"store": "captured"} | changes))
    assert error.value.hint


def test_usual_values_are_accepted() -> None:
    CaptureConfig(store="captured", sample=0.1, max_days=0.5, max_gb=10)
    CaptureConfig(store="captured", sample="doubtful")
    assert CaptureConfig(store="captured").sample == 1


def test_the_spool_lies_in_the_folder_of_the_store_unless_another_is_set() -> None:
    assert CaptureConfig(store="a/captured").spool_folder == Path("a/captured/spool")
    assert CaptureConfig(store="a/captured", spool=Path("/x")).spool_folder == Path("/x")


def test_the_spool_of_a_database_is_the_same_whatever_the_password() -> None:
    urls = ["postgresql://me:one@host/db", "postgresql://me:other@host/db?sslmode=require", "postgresql://me@host/db2"]
    one, other, third = (CaptureConfig(store=url).spool_folder for url in urls)
    assert one == other
    assert one != third
    assert "one" not in str(one)
    assert one.is_absolute()


def test_databases_of_different_servers_have_different_spools() -> None:
    urls = [f"postgresql://me@/db?host=/{name}&sslmode=require" for name in ("a", "b")]
    assert len({CaptureConfig(store=url).spool_folder for url in urls}) == 2


def test_the_spool_of_a_file_lies_beside_it(tmp_path: Path) -> None:
    assert CaptureConfig(store="a/b.sqlite").spool_folder == Path("a/b.sqlite.spool")
    (tmp_path / "exchanges").touch()
    assert CaptureConfig(store=str(tmp_path / "exchanges")).spool_folder == tmp_path / "exchanges.spool"
    (tmp_path / "folder.db").mkdir()
    assert CaptureConfig(store=str(tmp_path / "folder.db")).spool_folder == tmp_path / "folder.db/spool"


def test_a_database_is_known_by_its_url() -> None:
    assert is_database("postgresql://host/db")
    assert not is_database("C:/captured")
    assert without_password("postgresql:///db") == "postgresql:///db"
