"""``python -m services.files``."""

from services.chassis.runner import main

if __name__ == "__main__":
    main("files")
