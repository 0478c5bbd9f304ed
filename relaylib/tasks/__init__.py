"""Tasks: what networks are shown, and what they are asked."""
