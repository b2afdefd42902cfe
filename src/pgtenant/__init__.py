"""Every application its own isolated database on a shared PostgreSQL, from a catalog in git."""

__version__ = "0.1.0.dev0"
