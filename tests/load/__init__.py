"""The bench: what one request costs here, part by part, and what it could cost at the least (`make bench`)."""
