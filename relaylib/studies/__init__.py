"""Studies: a frozen configuration in, a stored and labelled dataset out."""
