"""One file per figure of the paper; each has ``draw(dataset, ...) -> Figure`` and nothing else."""
