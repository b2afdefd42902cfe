"""Stands in for python-ldap's module of this name."""


def str2dn(value: str) -> None:
    """Never called."""
    raise NotImplementedError(value)
