"""Crime printed by city, policies made by county: cities of counties with and without a dated policy."""
