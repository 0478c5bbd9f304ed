"""Tasks: the input sequences that networks receive, and the concepts that they must report."""
