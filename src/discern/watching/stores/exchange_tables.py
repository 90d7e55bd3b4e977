"""Tables of a store of captured exchanges, the same in SQLite and PostgreSQL.

`exchanges` has what is read often, in short rows; what is long lies in `details`. Rows have few indexes, because each
index over random identifiers costs a page per row: bounds of `number` by hour take the place of an index over times.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number needs this name of the type

METADATA = MetaData()

EXCHANGES = Table(
    "exchanges",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("time", Double, nullable=False),
    Column("model", Text, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("client_id", Text),
    Column("content", Text, nullable=False),
    Column("pixels", Text, nullable=False),
    Column("picture", LargeBinary, index=True),
    Column("label", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("confidence", Double),
    Column("unknown_score", Double),
    Column("brightness", Double, nullable=False),
    Column("sharpness", Double, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("kept_with", Double, nullable=False),
    Column("truth", Text),
    Column("is_new", Boolean, nullable=False),
    Index("ix_exchanges_bundle_number", "bundle", "number"),
)
"""One row for each exchange; `truth` and `is_new` repeat its last feedback."""

DETAILS = Table(
    "details",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("embedding", LargeBinary),
    Column("prediction", LargeBinary, nullable=False),
    Column("probabilities", LargeBinary),
    Column("labels", BigInteger),
)
"""Embedding as float16, little endian, and prediction as JSON, compressed by zlib if it is long.

Its probabilities are float64, little endian, in the order of the `labels`; those of other forms stay in the JSON.
"""

LABEL_SETS = Table(
    "label_sets",
    METADATA,
    Column("key", NUMBER, primary_key=True, autoincrement=False),
    Column("labels", Text, nullable=False),
)
"""Labels of models as JSON arrays, by a key that is computed from them."""

PICTURES = Table(
    "pictures",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Kept pictures by the SHA-256 digest of their file, with the highest number of an exchange that has each."""

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("exchange", Text, nullable=False),
    Column("time", Double, nullable=False),
    Column("label", Text, nullable=False),
    Column("is_new", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("client", Text, nullable=False),
    UniqueConstraint("exchange", "time", name="uq_feedback_exchange_time"),
)
"""All feedback, also that for exchanges that have not arrived."""

TRAFFIC = Table(
    "traffic",
    METADATA,
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("bundle", Text, primary_key=True),
    Column("decision", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("exchanges", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""Number of exchanges by hour; it stays when exchanges are erased, as it has nothing of any one of them."""

HOURS = Table(
    "hours",
    METADATA,
    Column("hour", NUMBER, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
)
"""Lowest and highest number of the exchanges of each hour."""

BUNDLES = Table(
    "bundles",
    METADATA,
    Column("bundle", Text, primary_key=True),
    Column("exchanges", BigInteger, nullable=False),
)
"""Number of stored exchanges by fingerprint of the model."""

FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("time", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""Digests of identifiers and hashes that were forgotten, and when."""

COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Highest numbers given to exchanges (`exchanges`) and feedback (`feedback`), and the number of `lost` exchanges."""

STATES = Table(
    "states",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)
"""States that looks continue from."""

SETTINGS = Table(
    "settings",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Settings of the store as JSON."""
