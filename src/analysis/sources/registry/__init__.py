"""The registry of published files, and their download."""
