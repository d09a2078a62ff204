"""Panels of recorded crime."""
