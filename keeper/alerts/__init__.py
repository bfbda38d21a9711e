"""Tells people what they need to know, once."""
