"""Velar univ2 as a venue."""
