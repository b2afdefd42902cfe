"""Stands in for python-ldap, whose C library need not be there: ldap2pg searches nothing here."""

__version__ = "none"

SCOPE_BASE, SCOPE_ONELEVEL, SCOPE_SUBTREE, SCOPE_SUBORDINATE = range(4)


class LDAPError(Exception):
    """Never raised."""
