"""Breaks of series, and how estimates respect them."""
