"""Pyth Hermes as a price source."""
