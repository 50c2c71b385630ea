"""The integration tests stand on harness/."""

import pytest

pytest.register_assert_rewrite("harness")  # before it is imported: its assertions explain themselves too
pytest_plugins = ["harness.fixtures", "harness.schema"]
