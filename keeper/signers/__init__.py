"""Whoever holds the keeper's key: this process (from a file or a keystore), or another one that is asked over HTTP."""
