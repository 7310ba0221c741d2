"""How Alembic runs a step: on the connection, and in the transaction, that it is given."""

from alembic import context

from adapters.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    # SQLite changes tables by copying them.
    render_as_batch=True,
)
context.run_migrations()
