"""The demo: a local chain, three pools adrift, and the keeper that brings them back."""
