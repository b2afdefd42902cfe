"""What is known of roles and a database before they are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """Something of a role's in a database other than the one that is dropped.

    Attributes:
        database: where it is; the maintenance database for what all share.
        owned: whether the role owns it, and it goes with it.
        description: as PostgreSQL calls it.
        owner: who can take back what the role was granted on it; empty where that is nobody in
            particular.
        passed_on: whether others hold it, through a grant of the role: they lose it with it.
    """

    database: str
    role: str
    owned: bool
    description: str
    owner: str = ""
    passed_on: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """What was found.

    Attributes:
        sessions: in the database, or of the roles, each in words.
        prepared: prepared transactions in the database.
        slots: replication slots of the database.
        subscriptions: of the database.
        foreign: other roles that own something in it.
        traces: sorted.
        unread: why databases with traces could not be entered.
        others: other databases of the roles.
    """

    sessions: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
