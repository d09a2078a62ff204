"""Staggered adoption in cities."""
