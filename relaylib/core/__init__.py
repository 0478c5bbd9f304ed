"""Checks of arguments, random streams, bootstrap, tolerances, the store of results and what it is keyed by."""
