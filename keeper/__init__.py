"""The Whale Strategy Pools keeper: it watches pools, and moves them only inside what voters allowed."""

__version__ = "2026.11.0"
