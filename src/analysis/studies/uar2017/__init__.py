"""The Urban Affairs Review study, rebuilt."""
