"""Mutation testing of the package: change one operator, run the tests that reach it, see one fail."""
