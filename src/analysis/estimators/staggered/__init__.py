"""Difference-in-differences with staggered adoption."""
