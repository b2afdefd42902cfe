"""An adoption: what is there today, what is marked, and what the next apply would change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.planning.adoption import Adoption
from pgtenant.planning.candidates import Candidate, State, Usage
from pgtenant.planning.changes import Change, TakeOverDatabase
from pgtenant.planning.desired import DesiredRole
from pgtenant.planning.findings import Drift
from pgtenant.planning.observed import PasswordState, Role
from pgtenant.planning.plan import Plan
from pgtenant.report.describe import describe, mark_of
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.jsonout import plan_json
from pgtenant.report.safe import name, shown
from pgtenant.report.text import STYLES, blocked_lines, drift_lines
from pgtenant.report.words import count, entries, some

_POWERS = ("login", "createdb", "createrole", "superuser", "replication", "bypassrls")
_MOST = 8
_PASSWORDS = {
    PasswordState.CURRENT: "its password is the secret's",
    PasswordState.WRONG: "its password is not the secret's: a login was refused",
    PasswordState.UNPROVEN: "its password is not proven",
}


def adoption_text(adoption: Adoption, *, width: int = 80) -> Document:
    """Return an adoption for reading, before it is carried out."""
    return document(_adoption(adoption, width))


def outcome_text(adoption: Adoption, *, dry_run: bool, width: int = 80) -> Document:
    """Return what was done, and what comes next."""
    return document(_outcome(adoption, width, dry_run=dry_run))


def adoption_json(adoption: Adoption | None) -> dict[str, Any]:
    """Return the members that an adoption adds to the object of a run.

    `entries` is what is there today, `adoption` and `after` are plans as `plan --format json`
    gives them: what adopting changes, and what the next apply would.
    """
    if adoption is None:
        return {"entries": [], "adoption": None, "after": None}
    return {
        "entries": [_candidate_json(candidate) for candidate in adoption.candidates],
        "adoption": plan_json(adoption.plan),
        "after": plan_json(adoption.after),
    }


def _adoption(adoption: Adoption, width: int) -> Iterator[Line]:
    yield (Span("Adoption for "), Span(name(adoption.plan.environment), Style.TITLE))
    for candidate in adoption.candidates:
        if candidate.state in {State.MANAGED, State.ABSENT}:
            continue
        yield EMPTY
        yield line(name(candidate.wanted.entry), Style.TITLE)
        yield line("  Today", Style.FAINT)
        for text in _today(candidate):
            yield from paragraph(text, width=width, indent=4, mark="*")
        yield from _plans(candidate.wanted.entry, adoption, width)
    for state, title in ((State.MANAGED, "Managed already"), (State.ABSENT, "Nothing to adopt")):
        keys = [name(c.wanted.entry) for c in adoption.candidates if c.state is state]
        if keys:
            yield EMPTY
            yield from paragraph(f"{title}: {', '.join(keys)}", width=width, style=Style.FAINT)
    if adoption.plan.blocked:
        yield EMPTY
        yield line("Not adopted: nothing of these entries is changed", Style.BAD)
        yield from blocked_lines(adoption.plan.blocked, width)


def _plans(entry: str, adoption: Adoption, width: int) -> Iterator[Line]:
    if mine := _of(adoption.plan, entry):
        yield line("  Adopting it", Style.FAINT)
        yield from _changes(mine, width)
    later = _of(adoption.after, entry)
    drift = tuple(d for d in adoption.after.drift if d.entry == entry)
    blocked = tuple(b for b in adoption.after.blocked if b.entry == entry)
    if later:
        yield line("  The next apply then", Style.FAINT)
        yield from _changes(later, width)
    elif mine and not blocked:
        yield line("  The next apply then changes nothing", Style.FAINT)
    if blocked:
        yield line("  The next apply is then blocked", Style.BAD)
        yield from blocked_lines(blocked, width)
    yield from _drift(drift, width)


def _drift(drift: tuple[Drift, ...], width: int) -> Iterator[Line]:
    if drift:
        yield line("  Beyond the catalog: shown, not changed", Style.FAINT)
        for item in drift_lines(drift, width - 2, sql=True):
            yield (Span("  "), *item)


def _of(plan: Plan, entry: str) -> list[Change]:
    return [change for change in plan.changes if change.entry == entry]


def _changes(changes: list[Change], width: int) -> Iterator[Line]:
    for change in changes:
        mark = mark_of(change)
        yield from paragraph(
            describe(change), width=width, indent=4, mark=mark, mark_style=STYLES[mark]
        )


def _today(candidate: Candidate) -> Iterator[str]:
    role, database = candidate.role, candidate.database
    if role is None:
        yield f"role {name(candidate.wanted.name)} is not there"
    else:
        yield f"role {name(role.name)}: {_attributes(role)}; {_password(role, candidate.wanted)}"
    if candidate.wanted.level is not AccessLevel.OWNER:
        return
    if database is None:
        yield f"database {name(candidate.wanted.database)} is not there"
        return
    public = (
        f"open to PUBLIC ({', '.join(candidate.public)})"
        if candidate.public
        else "closed to PUBLIC"
    )
    yield f"database {name(database.name)}: owned by {name(database.owner)}, {public}"
    yield from _used(candidate.loses, candidate.usage, "")
    for other, usage in candidate.others:
        yield f"database {name(other)}: made by its role, open to PUBLIC"
        yield from _used(usage.only_through_public, usage, f"{name(other)}: ")


def _used(loses: tuple[str, ...], usage: Usage, lead: str) -> Iterator[str]:
    if loses:
        yield (
            f"{lead}can connect only because everyone can, and will lose it: {some(loses, _MOST)}"
        )
    if usage.sessions:
        number = sum(session.count for session in usage.sessions)
        listed = ", ".join(
            f"{name(s.user)} {s.count}{' (through PUBLIC)' if s.user in loses else ''}"
            for s in usage.sessions
        )
        sessions = count(number, "live session")
        yield f"{lead}{sessions}: {listed}. None is ended; the next login counts"


def _attributes(role: Role) -> str:
    powers = [power.upper() for power in _POWERS if getattr(role, power)]
    parts = [" ".join(powers) if role.login else " ".join(["NOLOGIN", *powers])]
    if role.connection_limit != -1:
        parts.append(f"at most {count(role.connection_limit, 'connection')}")
    if role.member_of:
        parts.append(f"member of {some(role.member_of, _MOST)}")
    if role.members:
        parts.append(f"{some(role.members, _MOST)} can act as it")
    return ", ".join(parts)


def _password(role: Role, wanted: DesiredRole) -> str:
    if wanted.auth is Auth.IAM:
        member = "and is" if role.rds_iam else "but is not"
        return f"it is to log in through IAM, {member} in rds_iam"
    note = f" ({shown(role.password_note)})" if role.password_note else ""
    return f"{_PASSWORDS[role.password]}{note}"


def _outcome(adoption: Adoption, width: int, *, dry_run: bool) -> Iterator[Line]:
    number = len({change.entry for change in adoption.plan.changes})
    refused = len(adoption.plan.blocked_entries)
    rest = f" · {entries(refused)} not adopted" if refused else ""
    if not number:
        yield line(f"Nothing was adopted{rest}" if refused else "Nothing to adopt.", Style.TITLE)
        return
    verb = "would be" if dry_run else "was" if number == 1 else "were"
    yield line(f"{entries(number)} {verb} adopted{rest}", Style.TITLE)
    env = name(adoption.plan.environment)
    taken = sum(isinstance(change, TakeOverDatabase) for change in adoption.plan.changes)
    what = f"markers and the {'owner' if taken == 1 else 'owners'} of" if taken else "markers"
    what += f" {count(taken, 'database')}" if taken else ""
    yield from paragraph(
        f"Nothing but {what} changed. `pgtenant plan -e {env}` shows what is left to do."
        if not dry_run
        else "Dry run: nothing was changed.",
        width=width,
    )


def _candidate_json(candidate: Candidate) -> dict[str, Any]:
    role, database = candidate.role, candidate.database
    return {
        "entry": candidate.wanted.entry,
        "state": str(candidate.state),
        "role": None
        if role is None
        else {
            "name": role.name,
            **{power: getattr(role, power) for power in _POWERS},
            "connection_limit": role.connection_limit,
            "member_of": list(role.member_of),
            "password": str(role.password),
            "password_note": role.password_note,
        },
        "database": None
        if database is None
        else {
            "name": database.name,
            "owner": database.owner,
            "public": list(candidate.public),
            **_usage_json(candidate.loses, candidate.usage),
        },
        "closes": [
            {"name": other, **_usage_json(usage.only_through_public, usage)}
            for other, usage in candidate.others
        ],
    }


def _usage_json(loses: tuple[str, ...], usage: Usage) -> dict[str, Any]:
    return {
        "loses": list(loses),
        "sessions": [
            {"user": s.user, "count": s.count, "through_public": s.user in loses}
            for s in usage.sessions
        ],
    }
