"""MM-PHATE: the estimator, its graph, and scores of its embeddings."""
