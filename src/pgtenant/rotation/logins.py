"""Which login a rotation gives its new password to."""

from __future__ import annotations

from pgtenant.catalog.naming import second_login


def other_login(username: str, role: str) -> str:
    """Return the other one of an entry's two logins.

    Args:
        username: one of them.
        role: the entry's role, which is the first.

    Raises:
        ValueError: it is neither.
    """
    both = {role: second_login(role), second_login(role): role}
    if username not in both:
        msg = f"not a login of {role}"
        raise ValueError(msg)
    return both[username]
