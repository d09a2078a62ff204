"""Dated policies and lists of places."""
