"""Start the cases service: ``python -m services.cases``."""

from services.chassis.runner import main

if __name__ == "__main__":
    main("cases")
