"""The roles that are asked about, and which of them comes to whose privileges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgtenant.access.effective import PREDEFINED
from pgtenant.access.graph import DATABASE_OWNER, Graph
from pgtenant.access.model import AccessModel, Group
from pgtenant.access.path import Path
from pgtenant.planning.privileges import PUBLIC


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; None for everything.

    Attributes:
        table: a table's name, or its schema's and its own with a dot between.
    """

    role: str | None = None
    database: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The roles that rows are made for, and which of them comes to whose privileges."""

    graph: Graph
    filters: Filters
    subjects: tuple[str, ...]
    users: Mapping[str, list[str]]
    heirs: Mapping[str, list[str]]

    @classmethod
    def of(cls, model: AccessModel, filters: Filters) -> View:
        """Return the view of an instance as far as it is asked for."""
        graph = Graph(model)
        everybody = [name for name, role in sorted(model.roles.items()) if not role.predefined]
        subjects = everybody if filters.role is None else [filters.role]
        plain = [name for name in subjects if not graph.superuser(name)]
        return cls(
            graph,
            filters,
            tuple(subjects),
            users=_inverted({name: graph.usable(name) for name in plain}),
            heirs=_inverted({name: graph.inherited(name) for name in plain}),
        )

    @property
    def everyone(self) -> bool:
        """Whether what `PUBLIC` holds has rows of its own."""
        return self.filters.role is None

    def candidates(self, group: Group, owner: str) -> tuple[str, ...]:
        """Return the subjects that may come to something on a group beyond `PUBLIC`'s part."""
        if not self.everyone:
            return tuple(name for name in self.subjects if not self.graph.superuser(name))
        sources = {owner if g.grantee == DATABASE_OWNER else g.grantee for g in group.grants}
        sources |= {owner if group.owner == DATABASE_OWNER else group.owner, *PREDEFINED}
        return tuple(sorted({u for source in sources for u in self.users.get(source, ())}))

    def holding(self, group: Group, privilege: str, owner: str, *, login: bool) -> frozenset[str]:
        """Return the subjects that hold a privilege, and `PUBLIC` if everyone does.

        Args:
            group: on what.
            privilege: which.
            owner: who owns the database.
            login: whether it has to be held from the start, before any `SET ROLE`.
        """
        index = self.heirs if login else self.users
        sources = {
            owner if g.grantee == DATABASE_OWNER else g.grantee
            for g in group.grants
            if g.privilege == privilege
        }
        if PUBLIC in sources:
            return frozenset((PUBLIC, *self.subjects))
        sources |= {
            role for role, powers in PREDEFINED.items() if privilege in powers.get(group.kind, ())
        }
        return frozenset(user for source in sources for user in index.get(source, ()))


def _inverted(reach: Mapping[str, Mapping[str, Path]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, groups in reach.items():
        for group in groups:
            found.setdefault(group, []).append(name)
    return found
