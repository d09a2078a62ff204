"""The Center for American Progress study, rebuilt."""
