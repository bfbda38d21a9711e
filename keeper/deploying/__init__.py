"""Putting the contracts of a plan on the chain, one journalled transaction each, and comparing what stands there."""
