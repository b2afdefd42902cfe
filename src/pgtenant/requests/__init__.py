"""Requests for databases: what one may say, who approves it, how it is recorded. No I/O."""
