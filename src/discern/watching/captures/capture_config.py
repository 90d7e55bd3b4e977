"""Settings of the capture of exchanges."""

import math
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from discern.errors import UsageError

DOUBTFUL = "doubtful"
"""Value of `CaptureConfig.sample` that keeps what the model is unsure of."""

ACCEPTED_SHARE = 0.05
"""Probability with which `DOUBTFUL` keeps an accepted prediction, so that audits stay possible; not tuned."""

MAX_SPOOL = 2_000_000_000
"""Default size of the spool in bytes, beyond which exchanges are lost; not tuned."""

_NAMING = ("host", "hostaddr", "port", "dbname", "user", "service")  # of the options of a database's URL
_FILE_SUFFIXES = (".sqlite", ".sqlite3", ".db")


@dataclass(frozen=True, kw_only=True)
class CaptureConfig:
    """Settings of the capture of exchanges.

    Attributes:
        store: folder, SQLite file or database URL of the store.
        spool: folder in which exchanges wait for the store; None for the default, see `spool_folder`.
        pictures: folder or bucket of the pictures; None for the store's own.
        keep_pictures: False to keep embeddings, digests and predictions alone.
        sample: probability in (0, 1] with which each exchange is kept, or `doubtful` for all predictions that are not
            accepted, and one in twenty of those that are.
        max_days: days after which an exchange is erased; None to keep all.
        max_gb: gigabytes of pictures beyond which the oldest are erased; None for no limit.
        max_spool: largest size of the spool in bytes, beyond which exchanges are lost.

    Raises:
        UsageError: a value is out of range.
    """

    store: str
    spool: Path | None = None
    pictures: str | None = None
    keep_pictures: bool = True
    sample: float | str = 1.0
    max_days: float | None = None
    max_gb: float | None = None
    max_spool: int = MAX_SPOOL

    def __post_init__(self) -> None:
        if not self.store:
            raise UsageError("The store of captured exchanges has no address.", hint="Name a folder or a database URL.")
        is_rate = isinstance(self.sample, int | float) and 0 < self.sample <= 1
        if not is_rate and self.sample != DOUBTFUL:
            raise UsageError(
                f"Invalid sampling: {self.sample!r}.", hint="Give a rate above 0 and up to 1, such as 0.1, or doubtful."
            )
        for name, value in (("max_days", self.max_days), ("max_gb", self.max_gb), ("max_spool", self.max_spool)):
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise UsageError(f"Invalid {name}: {value!r}.", hint="Give a number above 0, or leave it out.")

    @property
    def spool_folder(self) -> Path:
        """Return the folder of the spool: as set, with the store's files, or for a server in the user's state."""
        if self.spool is not None:
            return self.spool
        if not is_database(self.store):
            path = Path(self.store)
            is_file = path.is_file() or (path.suffix in _FILE_SUFFIXES and not path.is_dir())
            return path.with_name(f"{path.name}.spool") if is_file else path / "spool"
        from platformdirs import user_state_path  # noqa: PLC0415 - not part of the container image

        digest = sha256(without_password(self.store).encode()).hexdigest()[:16]
        return user_state_path("discern") / "spools" / digest


def is_database(store: str) -> bool:
    """Return True if the address of a store is a URL rather than a folder.

    >>> is_database("postgresql://host/db"), is_database("runs/captured")
    (True, False)
    """
    return "://" in store


def without_password(url: str) -> str:
    """Return a URL with what names the database alone, as a password or an option may change while it stays the same.

    >>> without_password("postgresql://me:secret@host:5432/db?sslmode=require&port=5433")
    'postgresql://me@host:5432/db?port=5433'
    """
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    user = user.partition(":")[0]
    named = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] in _NAMING])
    return f"{parts.scheme}://{user}{'@' if user else ''}{place}{parts.path}{'?' if named else ''}{named}"
