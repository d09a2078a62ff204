"""Notebooks run, converted, bound and typeset."""
