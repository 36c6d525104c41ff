"""Casework on one bare machine, with real servers: `python -m deploy.local run`.

`stack.Stack` is the part that tests use too: PostgreSQL, RabbitMQ, SeaweedFS and a mail sink below one state folder.
"""
