"""Lets the web tests share samples.py: under importlib mode a test folder is not on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
