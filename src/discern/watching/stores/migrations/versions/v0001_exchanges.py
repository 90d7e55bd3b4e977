"""First version of the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    *("settings", "states", "counters", "forgotten", "bundles", "hours", "traffic", "feedback"),
    *("pictures", "label_sets", "details", "exchanges"),
)


def upgrade() -> None:
    """Create the tables, with the counters at 0."""
    _create_exchanges()
    _create_feedback()
    _create_counts()
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in ("exchanges", "feedback", "lost")])
    op.create_table(
        "states",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE details ALTER embedding SET STORAGE EXTERNAL")  # compression gains nothing on it


def downgrade() -> None:
    """Remove the tables with all that they have."""
    for table in _TABLES:
        op.drop_table(table)


def _create_exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False, unique=True),
        sa.Column("time", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("model", "bundle", "door", "client")),
        sa.Column("client_id", sa.Text()),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("content", "pixels")),
        sa.Column("picture", sa.LargeBinary()),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("label", "decision")),
        *(sa.Column(name, sa.Double()) for name in ("confidence", "unknown_score")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("brightness", "sharpness")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("width", "height")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("seconds", "kept_with")),
        sa.Column("truth", sa.Text()),
        sa.Column("is_new", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_exchanges_picture", "exchanges", ["picture"])
    op.create_index("ix_exchanges_bundle_number", "exchanges", ["bundle", "number"])
    op.create_table(
        "details",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("embedding", sa.LargeBinary()),
        sa.Column("prediction", sa.LargeBinary(), nullable=False),
        sa.Column("probabilities", sa.LargeBinary()),
        sa.Column("labels", sa.BigInteger()),
    )
    op.create_table(
        "label_sets",
        sa.Column("key", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("labels", sa.Text(), nullable=False),
    )
    op.create_table(
        "pictures",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pictures_last", "pictures", ["last"])


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source", "client")),
        sa.UniqueConstraint("exchange", "time", name="uq_feedback_exchange_time"),
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("time", sa.Double(), nullable=False),
        sqlite_with_rowid=False,
    )


def _create_counts() -> None:
    op.create_table(
        "traffic",
        sa.Column("hour", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text(), primary_key=True) for name in ("bundle", "decision", "label")),
        sa.Column("exchanges", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hours",
        sa.Column("hour", _NUMBER, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("first", "last")),
    )
    op.create_table(
        "bundles",
        sa.Column("bundle", sa.Text(), primary_key=True),
        sa.Column("exchanges", sa.BigInteger(), nullable=False),
    )
