"""Sanctuary policies and crime: published data, panels, estimators, studies, report."""

__version__ = "0.1.0"
