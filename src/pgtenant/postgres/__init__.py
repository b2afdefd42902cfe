"""The edge to a server: connect, observe, prove authority, execute. It decides nothing."""
