"""Cities that adopted from 2015 to 2022, followed through 2024, with 2021 filled from a monthly index."""
