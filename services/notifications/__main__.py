"""``python -m services.notifications``."""

from services.chassis.runner import main

if __name__ == "__main__":
    main("notifications")
