"""Results, and the checks every estimator makes of its input."""
