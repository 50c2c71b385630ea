"""Waiting for something to become true, with an end."""

import time


def wait_until(condition, what, timeout=30.0, pause=0.02):
    """Returns the condition's first true value; fails with `what` in words when it never comes."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(pause)
