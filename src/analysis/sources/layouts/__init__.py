"""Record layouts of fixed-width files, as data."""
