"""What a cluster says of entries that go out of service, and away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.gitops.cnpg.seen import WAIT, at
from pgtenant.gitops.cnpg.status import Answer, Check, Seen, Unreadable, Verdict
from pgtenant.planning.retirement.told import ToldRole

_USABLE: Final = "can be used: its manifest has not arrived"


@dataclass(frozen=True, slots=True)
class Leaving:
    """An entry that the manifests have out of service.

    Attributes:
        key: of the entry.
        roles: what the manifests say of its roles, by name.
        namespace: of the cluster.
        database: the name of its `Database`; None where no file has one.
        absent: whether that is to be dropped.
    """

    key: str
    roles: Mapping[str, ToldRole]
    namespace: str
    database: str | None
    absent: bool


def judge_leaving(
    leaving: Leaving, *, cluster: Answer, database: Answer, resource: Answer
) -> Iterator[Check]:
    """Yield what is to be said of an entry that is leaving."""
    if leaving.database is not None:
        yield _database(leaving, leaving.database, database)
    for name, role in leaving.roles.items():
        if role.resource:
            yield _resource(leaving, name, resource)
        else:
            yield _role(leaving, name, cluster, absent=role.absent)


def _resource(leaving: Leaving, name: str, found: Answer) -> Check:
    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        return Check(leaving.key, f"role {name}", verdict, message, cure)

    if isinstance(found, Unreadable):
        return say(Verdict.UNKNOWN, found.why)
    if found is None or at(found, "spec", "login"):
        return say(Verdict.BAD, _USABLE, WAIT)
    current = at(found, "status", "observedGeneration") == at(found, "metadata", "generation")
    if not (current and at(found, "status", "applied")):
        said = at(found, "status", "message") or "the operator is not done with it"
        return say(Verdict.BAD, f"is not applied: {said}", "mend what it says")
    return say(Verdict.GOOD, "is out of service")


def _role(leaving: Leaving, name: str, cluster: Answer, *, absent: bool) -> Check:
    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        return Check(leaving.key, f"role {name}", verdict, message, cure)

    if isinstance(cluster, Unreadable):
        return say(Verdict.UNKNOWN, cluster.why)
    item = next((one for one in _roles(cluster) if one.get("name") == name), None)
    arrived = item is not None and (
        item.get("ensure") == "absent" if absent else not item.get("login")
    )
    if not arrived:
        return say(Verdict.BAD, _USABLE, WAIT)
    status = at(cluster, "status", "managedRolesStatus") or {}
    if reasons := (status.get("cannotReconcile") or {}).get(name):
        said = f"the operator can't {'drop' if absent else 'close'} it: {'; '.join(reasons)}"
        return say(Verdict.BAD, said, "mend what it says; the operator tries again")
    if name not in ((status.get("byStatus") or {}).get("reconciled") or ()):
        return say(Verdict.BAD, "the operator is not done with it", "wait, or see its log")
    return say(Verdict.GOOD, "is dropped" if absent else "is out of service")


def _database(leaving: Leaving, name: str, found: Answer) -> Check:
    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        what = f"Database {leaving.namespace}/{name}"
        return Check(leaving.key, what, verdict, message, cure)

    if isinstance(found, Unreadable):
        return say(Verdict.UNKNOWN, found.why)
    spec = at(found, "spec") or {}
    arrived = (
        spec.get("ensure") == "absent" if leaving.absent else spec.get("allowConnections") is False
    )
    if not arrived:
        return say(Verdict.BAD, _USABLE, WAIT)
    applied, message = at(found, "status", "applied"), at(found, "status", "message") or ""
    # It closes the database first; then it can't get in itself to look at extensions.
    closed = not leaving.absent and "not currently accepting connections" in message
    if not applied and not closed:
        said = f"is not applied: {message or 'no reason given'}"
        return say(Verdict.BAD, said, "mend what it says; the operator tries again")
    return say(Verdict.GOOD, "is dropped" if leaving.absent else "lets nobody in")


def _roles(cluster: Answer) -> Sequence[Seen]:
    found: Sequence[Seen] = at(cluster, "spec", "managed", "roles") or ()
    return found
