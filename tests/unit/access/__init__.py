"""The analysis of access, without a server."""
