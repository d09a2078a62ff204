"""States to 2023: bans on sanctuary policies as a treatment, and Senate Bill 54 with more years."""
