"""Opening of stores: what is there, what is not, and where the pictures are."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from discern.errors import DiscernError, StoreError, UsageError
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.sample_exchanges import make_exchange, with_picture
from tests.bucket_server import BUCKET, bucket_server
from tests.postgres_server import PASSWORD, PostgresServer
from tests.unit.full_disk import full_disk


@pytest.fixture
def opened() -> Iterator[list[ExchangeDatabase]]:
    stores = list[ExchangeDatabase]()
    yield stores
    for each in stores:
        each.close()


def refusal(address: str | Path, *, create: bool = False, pictures: str | Path | None = None) -> DiscernError:
    with pytest.raises(DiscernError) as caught:
        open_store(address, create=create, pictures=pictures).close()
    assert caught.value.hint
    return caught.value


class TestFolder:
    def test_a_store_is_found_again_where_it_was_moved(self, tmp_path: Path, opened: list[ExchangeDatabase]) -> None:
        store = open_store(tmp_path / "a/b", create=True)
        store.add([with_picture(1)])
        store.close()
        (tmp_path / "a/b").rename(tmp_path / "moved")
        opened += [open_store(tmp_path / "moved"), open_store(tmp_path / "moved/exchanges.sqlite")]
        for each in opened:
            assert each.picture(with_picture(1).id) == (b"picture 1", "image/jpeg")
            assert each.pictures_at == str(tmp_path / "moved/pictures")

    def test_the_usual_place_of_pictures_may_be_named(self, tmp_path: Path, opened: list[ExchangeDatabase]) -> None:
        opened.append(open_store(tmp_path / "store", create=True, pictures=tmp_path / "store/pictures"))
        assert opened[0].setting("pictures") is None

    def test_another_place_of_pictures_is_remembered(self, tmp_path: Path, opened: list[ExchangeDatabase]) -> None:
        for pictures in (tmp_path / "elsewhere", None, tmp_path / "elsewhere"):
            opened.append(open_store(tmp_path / "store", create=True, pictures=pictures))
            assert opened[-1].pictures_at == str(tmp_path / "elsewhere")
        error = refusal(tmp_path / "store", pictures=tmp_path / "third")
        assert f"keeps its pictures in {tmp_path / 'elsewhere'}, not in {tmp_path / 'third'}" in error.message

    def test_a_store_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "photos").mkdir()
        assert "no folder or file" in refusal(tmp_path / "nothing").message
        assert "no folder or file" in refusal(tmp_path / "photos/none.db").message
        error = refusal(tmp_path / "photos")
        assert error.message == f"{tmp_path / 'photos'} is not a store of exchanges: it has no exchanges.sqlite."
        assert "serve --capture" in error.hint
        assert list(tmp_path.iterdir()) == [tmp_path / "photos"]

    def test_many_processes_may_create_it_at_once(self, tmp_path: Path, opened: list[ExchangeDatabase]) -> None:
        (tmp_path / "exchanges.sqlite").touch()  # as left by one that was killed

        def add(number: int) -> int:
            with closing(open_store(tmp_path, create=True)) as store:
                return store.add([make_exchange(number)])

        with ThreadPoolExecutor(6) as executor:
            assert list(executor.map(add, range(6))) == [1] * 6
        opened.append(open_store(tmp_path))
        assert len(opened[0].columns()) == 6

    def test_another_database_is_not_a_store(self, tmp_path: Path) -> None:
        connection = sqlite3.connect(tmp_path / "photos.db")
        connection.execute("CREATE TABLE photos (name TEXT)")
        connection.close()
        assert "it lacks the tables of one" in refusal(tmp_path / "photos.db").message
        (tmp_path / "text.db").write_text("this is text " * 100)
        assert "is not a store of exchanges" in refusal(tmp_path / "text.db").message

    def test_a_full_disk_is_named_and_nothing_is_stored(self, tmp_path: Path, opened: list[ExchangeDatabase]) -> None:
        opened.append(open_store(tmp_path / "store", create=True))
        with full_disk(), pytest.raises(StoreError, match="disk is full"):
            opened[0].add([with_picture(1)])
        assert not opened[0].has(with_picture(1).id)
        assert opened[0].add([with_picture(1)]) == 1

    def test_a_picture_that_cannot_be_written_leaves_no_exchange(
        self, tmp_path: Path, opened: list[ExchangeDatabase]
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        opened.append(open_store(tmp_path / "store", create=True, pictures=tmp_path / "file"))
        with pytest.raises(StoreError, match=r"of pictures .*file cannot be used"):
            opened[0].add([with_picture(1)])
        assert (len(opened[0].columns()), opened[0].traffic()) == (0, [])

    def test_pictures_are_not_kept_at_another_address(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="not kept at https://host"):
            open_store(tmp_path / "store", create=True, pictures="https://host/pictures")


class TestBucket:
    def test_pictures_are_kept_in_a_bucket_and_forgotten_there(
        self, tmp_path: Path, opened: list[ExchangeDatabase]
    ) -> None:
        with bucket_server():
            opened.append(open_store(tmp_path / "store", create=True, pictures=f"s3://{BUCKET}/live"))
            opened[0].add([with_picture(number) for number in range(3)])
            opened.append(open_store(tmp_path / "store"))
            assert opened[1].pictures_at == f"s3://{BUCKET}/live"
            assert opened[1].picture(with_picture(2).id) == (b"picture 2", "image/jpeg")
            assert opened[1].forget(with_picture(2).id).pictures == 1
            assert opened[0].picture(with_picture(2).id) is None
            kept = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
            assert len(kept) == 2
            assert all(each["Key"].startswith("live/") for each in kept)


class TestPostgres:
    def test_a_place_for_pictures_is_needed_before_the_first(
        self, postgres: PostgresServer, tmp_path: Path, opened: list[ExchangeDatabase]
    ) -> None:
        address = postgres.create("places")
        opened.append(open_store(address, create=True))
        assert opened[0].pictures_at is None
        with pytest.raises(StoreError, match="has no place for pictures"):
            opened[0].add([with_picture(1)])
        opened.append(open_store(address, pictures=tmp_path / "pictures"))
        opened[1].add([with_picture(1)])
        opened.append(open_store(address))
        assert opened[2].picture(with_picture(1).id) == (b"picture 1", "image/jpeg")

    def test_a_password_opens_it_and_is_never_shown(
        self, postgres: PostgresServer, opened: list[ExchangeDatabase]
    ) -> None:
        postgres.create("guarded")
        opened.append(open_store(postgres.address_by_port("guarded"), create=True))
        assert opened[0].name == f"postgresql://postgres@127.0.0.1:{postgres.port}/guarded"
        error = refusal(postgres.address_by_port("guarded", password="a wrong one"))
        assert "user or the password" in error.message
        for shown in (error.message, error.hint, repr(error.__cause__)):
            assert PASSWORD not in shown
            assert "a wrong one" not in shown

    def test_a_database_that_is_not_there_is_named(self, postgres: PostgresServer) -> None:
        error = refusal(postgres.address_by_port("nothing"), create=True)
        assert "does not exist" in error.message
        assert "createdb" in error.hint

    def test_a_database_without_a_store_is_named(self, postgres: PostgresServer) -> None:
        assert "it lacks the tables of one" in refusal(postgres.create("bare")).message

    def test_a_server_that_is_down_is_named(self) -> None:
        error = refusal("postgresql://me:secret@127.0.0.1:1/db")
        assert error.message == "The store postgresql://me@127.0.0.1:1/db cannot be reached."

    def test_it_works_again_when_its_connections_were_cut(
        self, postgres: PostgresServer, opened: list[ExchangeDatabase], tmp_path: Path
    ) -> None:
        opened.append(open_store(postgres.create("cut"), create=True, pictures=tmp_path))
        opened[0].add([with_picture(1)])
        postgres.cut("cut")
        assert opened[0].add([with_picture(2)]) == 1
