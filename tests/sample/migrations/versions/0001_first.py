"""The first schema."""

from alembic import op

from services.chassis.migrations import create_machinery

revision = "0001"
down_revision = None

TABLES = (
    "things (id serial PRIMARY KEY, thing_id text NOT NULL)",
    "effects (id serial PRIMARY KEY, thing_id text NOT NULL)",
    "strict (id serial PRIMARY KEY, owner int REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)",
    "ticks (id serial PRIMARY KEY, pid int NOT NULL, began_at timestamptz NOT NULL, ended_at timestamptz NOT NULL)",
    "parcels (id serial PRIMARY KEY, trouble text NOT NULL, leased_until timestamptz, outcome text)",
)


def upgrade() -> None:
    create_machinery(op)
    for table in TABLES:
        op.execute(f"CREATE TABLE {table}")
