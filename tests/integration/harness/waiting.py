"""Waiting for something to become true, with an end."""

import time

PATIENCE = 90.0  # seconds: many times what any machine needs; only a failure takes so long


def wait_until(condition, what, timeout=PATIENCE, pause=0.02):
    """Returns the condition's first true value; fails with `what` in words when it never comes."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(pause)
