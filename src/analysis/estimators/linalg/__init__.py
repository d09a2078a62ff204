"""Group sums, absorption of effects, least squares, threads: arrays in, arrays out."""
