"""Census Bureau files of places, populations and shapes."""
