"""Crime by how much a county's detainer policy could change."""
