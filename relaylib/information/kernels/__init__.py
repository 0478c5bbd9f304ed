"""Compiled loops of this room, private to it; each has a plain twin outside."""
