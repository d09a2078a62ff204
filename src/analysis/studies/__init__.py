"""The studies: one file each, specifications frozen at the top."""
