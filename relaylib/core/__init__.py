"""Checks of arguments, random streams, the bootstrap, tolerances, and the store of results."""
