"""Immigration detainers by facility and county."""
