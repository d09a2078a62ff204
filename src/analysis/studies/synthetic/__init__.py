"""Nine cities and statewide rules by synthetic controls."""
