"""What a cluster says of an entry: whether each wave has arrived, and what to do where not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from pgtenant.gitops.cnpg.job import DIGEST
from pgtenant.gitops.cnpg.sealed import RELOAD
from pgtenant.gitops.cnpg.seen import WAIT as _WAIT
from pgtenant.gitops.cnpg.seen import at as _get
from pgtenant.gitops.cnpg.seen import is_current

Seen: TypeAlias = "Mapping[str, Any]"
"""An object as the API server has it; of a secret no value."""


class Verdict(StrEnum):
    """What is known."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        entry: the key.
        what: the object, such as `Secret postgres/shop-db-creds`.
        verdict: how it stands.
        message: what was seen.
        cure: what to do; empty where nothing is to do.
    """

    entry: str
    what: str
    verdict: Verdict
    message: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that could not be asked for.

    Attributes:
        why: what kubectl said.
    """

    why: str


Answer: TypeAlias = "Seen | Unreadable | None"
"""None where the server has no such object."""

_Say: TypeAlias = "Callable[..., Check]"
"""Make a check of what is at hand: a verdict, what was seen and what to do."""

_OUTDATED: Final = "was applied before its last change", "wait, or see its log"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an entry has in the cluster, or pgtenant itself.

    Attributes:
        key: of the entry; `OWN` for pgtenant's.
        username: the role.
        namespace: of the cluster.
        secret: the name of its credentials.
        keys: of the credentials.
        database: the name of its `Database`; None for editors and readers.
        copies: the namespaces that the credentials are copied to.
        role: the name of its `DatabaseRole`; None where the cluster's manifest has the role.
    """

    key: str
    username: str
    namespace: str
    secret: str
    keys: Sequence[str]
    database: str | None
    copies: Sequence[str]
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What the cluster has of it.

    Attributes:
        sealed: the SealedSecret.
        secret: its credentials.
        copies: those in other namespaces, by namespace.
        cluster: the cluster itself.
        database: the `Database`, where one is expected.
        role: the `DatabaseRole`, likewise.
    """

    sealed: Answer
    secret: Answer
    copies: Mapping[str, Answer]
    cluster: Answer
    database: Answer = None
    role: Answer = None


_LOOK: Final = "look whether the sealed-secrets controller runs, and at its log"
OWN: Final = "pgtenant's own"
REFLECTED: Final = "reflector.v1.k8s.emberstack.com/reflected-version"


def judge_job(namespace: str, name: str, found: Answer, *, digest: str) -> Check:
    """Return what is to be said of the Job that does what the operator does not.

    Args:
        namespace: where it runs.
        name: its name.
        found: the Job.
        digest: what its manifest says that it was made as; empty for nothing to compare with.
    """

    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        return Check(OWN, f"Job {namespace}/{name}", verdict, message, cure)

    if isinstance(found, Unreadable):
        return say(Verdict.UNKNOWN, found.why)
    if found is None:
        return say(Verdict.BAD, "is not there: it comes after a sync that went well", _WAIT)
    if digest and _get(found, "metadata", "annotations", DIGEST) != digest:
        message = "is of another commit: it was made with other files than those of its manifest"
        return say(Verdict.BAD, message, _WAIT)
    conditions = _get(found, "status", "conditions") or ()
    ended = {one.get("type") for one in conditions if one.get("status") == "True"}
    log = f"kubectl logs -n {namespace} job/{name}"
    if "Failed" in ended:
        return say(Verdict.BAD, "failed", f"mend what its log says, then sync again: {log}")
    if "Complete" not in ended:
        return say(Verdict.BAD, "has not ended", f"wait, or see its log: {log}")
    return say(Verdict.GOOD, "has ended well")


def judge(expected: Expected, found: Found) -> Iterator[Check]:
    """Yield what is to be said of an entry, in the order of the waves."""
    yield _secret(expected, found)
    for namespace in expected.copies:
        yield _copy(expected, namespace, found)
    if expected.role is None:
        yield _role(expected, found)
    else:
        yield _resource(expected, expected.role, found)
    if expected.database is not None:
        yield _database(expected, expected.database, found.database)


def _secret(expected: Expected, found: Found) -> Check:
    verdict, message, cure = _said_of_secret(expected, found.secret, found.sealed)
    what = f"Secret {expected.namespace}/{expected.secret}"
    return Check(expected.key, what, verdict, message, cure)


_Said: TypeAlias = tuple[Verdict, str, str]


def _said_of_secret(expected: Expected, secret: Answer, sealed: Answer) -> _Said:
    there = "is there" if secret is not None else "is not there"
    if isinstance(secret, Unreadable):
        return Verdict.UNKNOWN, secret.why, ""
    if isinstance(sealed, Unreadable):
        verdict, cure = (Verdict.BAD, _WAIT) if secret is None else (Verdict.UNKNOWN, "")
        return verdict, f"{there}; its SealedSecret: {sealed.why}", cure
    if sealed is None:
        return Verdict.BAD, f"{there}, and its SealedSecret is not there", _WAIT
    if refusal := _refusal(sealed):
        return Verdict.BAD, *_told(expected, refusal)
    if secret is None:
        return Verdict.BAD, "is not there, but its SealedSecret is", _LOOK
    return _how_new(expected, secret, sealed)


def _how_new(expected: Expected, secret: Seen, sealed: Seen) -> _Said:
    """Say whether a secret is that of its SealedSecret.

    One that was there before stays as it was until the controller has opened the new one.
    """
    seen = _get(sealed, "status", "observedGeneration")
    if seen is None:
        message = "is there; its SealedSecret has no status that tells whether it is the newest"
        return Verdict.UNKNOWN, message, _LOOK
    if seen != _get(sealed, "metadata", "generation"):
        return Verdict.BAD, "is that of an older SealedSecret", _LOOK
    if missing := [key for key in expected.keys if key not in secret.get("keys", ())]:
        return Verdict.BAD, f"has no {', '.join(missing)}", _reseal(expected)
    return Verdict.GOOD, "is there", ""


def _refusal(sealed: Seen) -> str:
    """Return why the controller has made no Secret; nothing when it has, or has not tried yet."""
    for condition in _get(sealed, "status", "conditions") or ():
        if condition.get("type") == "Synced" and condition.get("status") == "False":
            return str(condition.get("message") or "no reason given")
    return ""


def _told(expected: Expected, refusal: str) -> tuple[str, str]:
    """Return what is to be said of a refusal, and what to do about it."""
    if "not managed by" in refusal:
        secret = f"{expected.secret} -n {expected.namespace}"
        hand_over = f"kubectl annotate secret {secret} sealedsecrets.bitnami.com/managed=true"
        return f"is not the controller's: {refusal}", f"{hand_over}, then restart the controller"
    return f"the controller can't open it: {refusal}", _reseal(expected)


def _copy(expected: Expected, namespace: str, found: Found) -> Check:
    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        what = f"Secret {namespace}/{expected.secret}"
        return Check(expected.key, what, verdict, message, cure)

    copy = found.copies.get(namespace)
    if isinstance(copy, Unreadable):
        return say(Verdict.UNKNOWN, copy.why)
    if copy is None:
        return say(
            Verdict.BAD,
            "is not there: the credentials were not copied",
            f"look whether Reflector runs and namespace {namespace} exists",
        )
    if not isinstance(found.secret, Unreadable | None):
        version = copy.get("annotations", {}).get(REFLECTED)
        if version != found.secret.get("resourceVersion"):
            return say(
                Verdict.BAD,
                "is a copy of an older version, or none of Reflector's",
                "see Reflector's log; deleting the copy has it made again",
            )
    return say(Verdict.GOOD, "is a copy")


def _role(expected: Expected, found: Found) -> Check:  # noqa: PLR0911 - one per reason
    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        return Check(expected.key, f"role {expected.username}", verdict, message, cure)

    cluster, name = found.cluster, expected.username
    if isinstance(cluster, Unreadable):
        return say(Verdict.UNKNOWN, cluster.why)
    if cluster is None:
        return say(Verdict.BAD, "there is no such Cluster", _WAIT)
    declared = {one.get("name"): one for one in _get(cluster, "spec", "managed", "roles") or ()}
    if name not in declared:
        return say(Verdict.BAD, "is not in spec.managed.roles of the Cluster", _WAIT)
    if declared[name].get("ensure") == "absent":
        return say(Verdict.BAD, "is to be absent, by the Cluster", _present(expected))
    status = _get(cluster, "status", "managedRolesStatus") or {}
    if reasons := (status.get("cannotReconcile") or {}).get(name):
        return say(
            Verdict.BAD,
            f"the operator can't make it so: {'; '.join(reasons)}",
            "mend what it says; the operator tries again",
        )
    states = [one for one, names in (status.get("byStatus") or {}).items() if name in names]
    if "reconciled" not in states:
        state = states[0] if states else "not looked at yet"
        return say(Verdict.BAD, f"its state is: {state}", "wait for the operator, or see its log")
    applied = ((status.get("passwordStatus") or {}).get(name) or {}).get("resourceVersion")
    return _with_password(say, "is reconciled", found.secret, applied)


def _with_password(say: _Say, good: str, secret: Answer, applied: object) -> Check:
    """Judge a role that is as it should be by the version of the secret that was applied."""
    if isinstance(secret, Unreadable | None):
        return say(Verdict.GOOD, good)
    if applied != secret.get("resourceVersion"):
        return say(
            Verdict.BAD,
            "its password is that of an older version of the secret",
            f"label the secret {RELOAD}=true, which a manifest of pgtenant's does",
        )
    return say(Verdict.GOOD, f"{good}, with the password of the secret")


def _resource(expected: Expected, name: str, found: Found) -> Check:
    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        what = f"DatabaseRole {expected.namespace}/{name}"
        return Check(expected.key, what, verdict, message, cure)

    role = found.role
    if isinstance(role, Unreadable):
        return say(Verdict.UNKNOWN, role.why)
    if role is None:
        return say(Verdict.BAD, "is not there", _WAIT)
    if not _get(role, "status", "applied"):
        said = _get(role, "status", "message") or "the operator has not looked at it"
        return say(Verdict.BAD, f"is not applied: {said}", "mend what it says")
    if not is_current(role):
        return say(Verdict.BAD, *_OUTDATED)
    version = _get(role, "status", "secretResourceVersion")
    return _with_password(say, "is applied", found.secret, version)


def _database(  # noqa: PLR0911 - one per reason
    expected: Expected, name: str, found: Answer
) -> Check:
    def say(verdict: Verdict, message: str, cure: str = "") -> Check:
        what = f"Database {expected.namespace}/{name}"
        return Check(expected.key, what, verdict, message, cure)

    if isinstance(found, Unreadable):
        return say(Verdict.UNKNOWN, found.why)
    if found is None:
        return say(Verdict.BAD, "is not there", _WAIT)
    if _get(found, "spec", "ensure") == "absent":
        return say(Verdict.BAD, "is to be absent, by its manifest", _present(expected))
    applied = _get(found, "status", "applied")
    if applied is None:
        return say(Verdict.BAD, "the operator has not looked at it", "wait, or see its log")
    if not applied:
        said = _get(found, "status", "message") or "no reason given"
        return say(Verdict.BAD, f"is not applied: {said}", "mend what it says")
    if not is_current(found):
        return say(Verdict.BAD, *_OUTDATED)
    return say(Verdict.GOOD, "is applied")


def _reseal(expected: Expected) -> str:
    of = "" if expected.key == OWN else f" {expected.key}"
    return f"pgtenant render cnpg{of} --reseal, with the controller's certificate"


def _present(expected: Expected) -> str:
    return f"pgtenant render cnpg {expected.key} writes ensure: present; or drop the entry"
