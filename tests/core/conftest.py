"""Lets the core tests import the builders that stand beside them, and takes the clock out of their verdicts."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# A busy machine must not fail a rule: properties judge results, never how long an example took.
settings.register_profile("core", deadline=None)
settings.load_profile("core")
