"""``python -m tests.sample --role rpc``."""

from services.chassis.runner import main

if __name__ == "__main__":
    main("tests.sample")
