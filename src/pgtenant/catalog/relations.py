"""What holds between the entries of a catalog: no name twice, one owner for each database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pgtenant.catalog.model import AccessLevel, Auth, Rotation
from pgtenant.catalog.naming import role_problem, second_login
from pgtenant.catalog.shown import did_you_mean, plain, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

# A near name is looked for among all others, which must not become quadratic.
_MAX_SUGGESTIONS = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that may have mistakes.

    Attributes:
        key: its key, good or not.
        line: where it starts, 1-based.
        lines: the line of each field's value.
        written: what the file says for each field.
        values: the checked values of its good fields.
    """

    key: str
    line: int
    lines: Mapping[str, int]
    written: Mapping[str, object]
    values: Mapping[str, object]

    @property
    def level_is_bad(self) -> bool:
        """Whether the entry has an access level that is none."""
        return self.written.get("access_level") is not None and "access_level" not in self.values

    @property
    def may_own(self) -> bool:
        """Whether it is an owner entry, or could turn out to be one."""
        level = self.values.get("access_level", AccessLevel.OWNER)
        return level is AccessLevel.OWNER

    def line_of(self, field: str) -> int:
        """Return the line of a field, or the entry's when it does not have it."""
        return self.lines.get(field, self.line)


class Finding(NamedTuple):
    """One problem, all but the file."""

    line: int
    message: str
    entry: str
    field: str


def problems(drafts: Sequence[Draft], example: Callable[[str, str, str], str]) -> Iterator[Finding]:
    """Find what is wrong between entries.

    What could be a consequence of a mistake inside an entry is left out: it would only
    repeat that mistake in other words.

    Args:
        drafts: all entries of a file, in its order.
        example: writes an owner entry in the file's language, from key, database and user.

    Yields:
        The problems.
    """
    yield from _repeated(drafts, "username", "a role belongs to one entry")
    yield from _repeated(drafts, "secret", "each entry has its own secret")
    yield from _second_logins(drafts)
    yield from _ownership(drafts, example)


def _repeated(drafts: Sequence[Draft], field: str, reason: str) -> Iterator[Finding]:
    first: dict[object, Draft] = {}
    for draft in drafts:
        value = draft.values.get(field)
        if value is None:
            continue
        other = first.setdefault(value, draft)
        if other is not draft:
            where = f"entry {quoted(other.key)} on line {other.line_of(field)}"
            message = f"{quoted(str(value))} is already used by {where}; {reason}"
            yield Finding(draft.line_of(field), message, plain(draft.key), field)


def _second_logins(drafts: Sequence[Draft]) -> Iterator[Finding]:
    users = {draft.values.get("username"): draft for draft in reversed(drafts)}
    for draft in drafts:
        username = draft.values.get("username")
        if draft.values.get("rotation") is not Rotation.ALTERNATE:
            continue
        if draft.values.get("auth") is Auth.IAM:
            message = "alternate is for passwords, and with auth = iam there is none"
            yield Finding(draft.line_of("rotation"), message, plain(draft.key), "rotation")
        elif isinstance(username, str):
            second = second_login(username)
            if reason := _second_problem(second, users):
                message = f"alternate needs a second login, whose name {reason}"
                yield Finding(draft.line_of("rotation"), message, plain(draft.key), "rotation")


def _second_problem(second: str, users: Mapping[object, Draft]) -> str | None:
    if (other := users.get(second)) is None:
        return role_problem(second)
    where = f"entry {quoted(other.key)} on line {other.line_of('username')}"
    return f"{quoted(second)} is already used by {where}; a role belongs to one entry"


def _ownership(
    drafts: Sequence[Draft], example: Callable[[str, str, str], str]
) -> Iterator[Finding]:
    owners: dict[object, Draft] = {}
    # Databases that an entry with a mistake elsewhere may own.
    excused: set[object] = set()
    for draft in drafts:
        name = draft.values.get("database_name")
        if not draft.may_own:
            continue
        if name is None:
            written = draft.written.get("database_name")
            excused.add(draft.key)
            if isinstance(written, str):
                excused.add(written.strip().lower().replace("-", "_"))
        elif draft.level_is_bad:
            excused.add(name)
        elif (other := owners.setdefault(name, draft)) is not draft:
            yield _second_owner(draft, other, str(name))
    keys = {draft.key for draft in drafts}
    users = {draft.values.get("username") for draft in drafts}
    owned = tuple(str(name) for name in owners)
    reported: set[object] = set()
    for draft in drafts:
        name = draft.values.get("database_name")
        if name is None or draft.may_own or name in owners or name in excused or name in reported:
            continue
        reported.add(name)
        near = did_you_mean(str(name), owned if len(reported) <= _MAX_SUGGESTIONS else ())
        key = _free(str(name), ("", "_owner", "_db"), keys)
        user = _free(str(name)[:24], ("_user", "_owner", "_app"), users)
        message = (
            f"no entry owns the database {quoted(str(name))}{near}; its owner entry is missing, "
            f"for example:\n    {example(key, str(name), user)}"
        )
        yield Finding(draft.line_of("database_name"), message, plain(draft.key), "database_name")


def _second_owner(draft: Draft, other: Draft, name: str) -> Finding:
    message = (
        f"{quoted(name)} already has an owner, entry {quoted(other.key)} on line {other.line}; "
        "give one of the two another database, or the access_level editor or reader"
    )
    return Finding(draft.line_of("database_name"), message, plain(draft.key), "database_name")


def _free(stem: str, endings: tuple[str, ...], taken: Collection[object]) -> str:
    """Return the first `stem + ending` that nobody has, for an example that would work."""
    names = [stem + ending for ending in endings]
    return next((name for name in names if name not in taken), names[-1])
