"""Bootstraps, randomization tests, and multiple testing."""
