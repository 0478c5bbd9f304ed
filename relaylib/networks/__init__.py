"""Ensembles of recurrent networks: training, recording, discretisation."""
