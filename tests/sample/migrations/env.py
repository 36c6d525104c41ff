"""Alembic's entry."""

from services.chassis.migrations import run

run()
