"""The first schema."""

from alembic import op

from services.chassis.migrations import create_machinery

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_machinery(op)
    op.execute("CREATE TABLE things (id serial PRIMARY KEY, thing_id text NOT NULL)")
    op.execute("CREATE TABLE effects (id serial PRIMARY KEY, thing_id text NOT NULL)")
    op.execute(
        "CREATE TABLE strict (id serial PRIMARY KEY,"
        " owner int REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)"
    )
