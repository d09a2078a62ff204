"""Panels as files for other programs: formats, codebook, and metadata that validate with their own tools."""
