"""``python -m services.accounts``: run this service."""

from services.chassis.runner import main

if __name__ == "__main__":
    main("accounts")
