"""States to 2023: bans on sanctuary policies as a treatment of their own, and Senate Bill 54 with more years."""
