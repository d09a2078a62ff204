"""The replication archive: what may be passed on, what is left out and why, and the README of the deposit."""
