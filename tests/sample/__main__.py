"""``python -m tests.sample --role rpc``. Ends with the test run that started it, however that one ended."""

import ctypes
import signal

from services.chassis.runner import main

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    main("tests.sample")
