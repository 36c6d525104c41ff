"""`python -m deploy.local`."""

from deploy.local.cli import main

main(prog_name="python -m deploy.local")
