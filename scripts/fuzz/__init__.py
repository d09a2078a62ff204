"""Damaged and random input for the readers: tables of what becomes of it, and a coverage-guided search."""
