"""Adoption of what scripts and hands have made, and catalogs made from live servers."""
