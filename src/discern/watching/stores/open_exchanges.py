"""Opening of stores of captured exchanges."""

from pathlib import Path

from discern.buckets.bucket_address import find_bucket_address
from discern.buckets.open_store import open_store as open_bucket
from discern.errors import StoreError, UsageError
from discern.watching.stores.database_engine import DatabaseEngine, create_sqlite_file
from discern.watching.stores.database_schema import read_version, upgrade
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.picture_bucket import PictureBucket
from discern.watching.stores.picture_files import PictureFiles
from discern.watching.stores.picture_place import PicturePlace
from discern.watching.stores.store_address import DATABASE, PICTURES, StoreAddress, parse_address

_PLACE = "pictures"
_HINT = "Pass the folder or the database that `discern serve --capture` wrote."


def open_store(address: str | Path, *, create: bool = False, pictures: str | Path | None = None) -> ExchangeDatabase:
    """Open a store of captured exchanges, and upgrade one that an earlier version wrote.

    Args:
        address: a folder, the path of a SQLite file, or `postgresql://user@host/database`.
        create: create a store if there is none; the folder, but not a database, is created as well.
        pictures: folder or `s3://bucket/prefix` for the pictures of a new store, which remembers it; None for the
            folder `pictures` beside a SQLite file. A store in PostgreSQL needs it before its first picture.

    Returns:
        The store. Its attribute `pictures_at` is None where `pictures` is missing.

    Raises:
        StoreError: there is no store, it cannot be used, a newer version wrote it, or it keeps its pictures elsewhere.
        UsageError: the address is invalid, or a library is not installed.
    """
    parsed = parse_address(address)
    if parsed.file is not None and not _has_content(parsed.file):
        if not create:
            raise _missing(parsed)
        create_sqlite_file(parsed)
    engine = DatabaseEngine(parsed)
    try:
        if read_version(engine) is None and not create:
            raise _missing(parsed)
        upgrade(engine)
        return ExchangeDatabase(engine, _open_pictures(engine, parsed, pictures))
    except BaseException:
        engine.close()
        raise


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def _missing(address: StoreAddress) -> StoreError:
    file = address.file
    if file is None or file.exists():
        return StoreError(f"{address.name} is not a store of exchanges: it lacks the tables of one.", hint=_HINT)
    if file.parent.is_dir() and file.name == DATABASE:
        return StoreError(f"{address.name} is not a store of exchanges: it has no {DATABASE}.", hint=_HINT)
    return StoreError(f"There is no folder or file {address.name}.", hint=_HINT)


def _open_pictures(engine: DatabaseEngine, address: StoreAddress, pictures: str | Path | None) -> PicturePlace | None:
    """Open the place that is given, or that the store remembers; the usual one is not remembered, so that it moves."""
    settings = ExchangeDatabase(engine, None)
    known, given = settings.setting(_PLACE), None if pictures is None else _absolute(pictures)
    if given is not None and known != given:
        if known is not None:
            raise StoreError(
                f"The store {address.name} keeps its pictures in {known}, not in {given}.",
                hint="Leave the place of the pictures out, or begin another store.",
            )
        if address.file is None or not _is_usual(address.file, given):
            settings.set_setting(_PLACE, given)
        known = given
    if known is not None:
        return _open_place(known)
    return None if address.file is None else PictureFiles(address.file.absolute().with_name(PICTURES))


def _absolute(place: str | Path) -> str:
    bucket = find_bucket_address(place)
    if bucket is not None:
        return str(bucket)
    if "://" in str(place):
        raise UsageError(f"Pictures are not kept at {place}.", hint="Pass a folder, or s3://bucket/prefix.")
    return str(Path(place).absolute())


def _is_usual(file: Path, place: str) -> bool:
    return Path(place) == file.absolute().with_name(PICTURES)


def _open_place(place: str) -> PicturePlace:
    bucket = find_bucket_address(place)
    return PictureFiles(Path(place)) if bucket is None else PictureBucket(bucket, open_bucket(bucket))
