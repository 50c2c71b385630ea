"""The fault tests stand on the harness of the integration tests."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))
pytest.register_assert_rewrite("harness")  # before it is imported: its assertions explain themselves too
pytest_plugins = ["harness.fixtures"]
