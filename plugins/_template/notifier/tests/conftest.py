"""Shows both sides of a failed comparison inside the kit."""

import pytest

pytest.register_assert_rewrite("keeper.testing")
