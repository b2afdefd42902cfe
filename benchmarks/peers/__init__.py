"""Other tools that install from PyPI, each used as its own documentation says."""
