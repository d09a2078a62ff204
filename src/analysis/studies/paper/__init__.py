"""The figures of the paper and of the README."""
