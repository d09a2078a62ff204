"""Panels of dated policies."""
