"""Cities of Table 8 matched to agencies and places."""
