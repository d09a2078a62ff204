"""What detainer policies changed at the jail door: declined detainers around each county's dated policy."""
