"""Networks: ensembles, their training, and recordings of their activations as symbols."""
