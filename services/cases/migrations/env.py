"""Alembic's entry: the chassis does it."""

from services.chassis.migrations import run

run()
