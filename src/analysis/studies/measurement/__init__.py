"""How crime is counted, and what that does to the headlines."""
