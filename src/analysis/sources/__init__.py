"""Readers of published files: one module a source, no paper, no estimate."""
