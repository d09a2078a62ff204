"""County files."""
