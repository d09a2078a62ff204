"""Fixed-effects regression, its covariances, and tests on its coefficients."""
