"""Sensitivity to violated assumptions, and power."""
