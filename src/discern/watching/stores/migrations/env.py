"""Environment in which Alembic runs the changes: on the connection of `database_schema`, in its transaction."""

from alembic import context

from discern.watching.stores.exchange_tables import METADATA

if hasattr(context, "config"):  # Alembic runs this module; whoever else imports it changes nothing
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        transactional_ddl=True,  # in SQLite too, where Alembic does not expect it
    )
    with context.begin_transaction():
        context.run_migrations()
