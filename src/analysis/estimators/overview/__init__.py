"""A study of a staggered adoption in one call: diagnosis, estimates, what they rule out, one document."""
