"""What is asked of trained networks: knockout, drift, smearing, geometry, attribution, emergence."""
