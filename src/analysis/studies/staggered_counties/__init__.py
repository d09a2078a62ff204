"""Staggered adoption in counties."""
