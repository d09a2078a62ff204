"""Matching, balancing weights, and balance."""
