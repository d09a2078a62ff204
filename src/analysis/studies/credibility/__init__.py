"""Which comparisons of counties and states can be believed, by tests on the years before any policy."""
