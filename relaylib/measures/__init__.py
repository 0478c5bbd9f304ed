"""Measures of trained networks: knockout, drift, smearing, geometry, attribution, emergence."""
