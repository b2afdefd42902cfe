"""The product as its users run it, on real servers."""
