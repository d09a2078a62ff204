"""The design for cities with the most power: candidates compared on permuted data, then one applied."""
