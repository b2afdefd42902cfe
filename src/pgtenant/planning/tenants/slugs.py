"""From organisations' slugs to schemas, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.naming import MAX_BYTES, RETIRED_PREFIX, reserved_reason
from pgtenant.catalog.shown import character, quoted
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.planning.tenants.policy import Isolation

_SLUG: Final = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
_USUAL: Final = re.compile(r"[a-z0-9_-]")
_DATE_LENGTH: Final = len("_20260131")
_RETIRED: Final = re.compile(rf"{RETIRED_PREFIX}(?P<slug>.+)_(?P<date>[0-9]{{8}})")
RETIRED_LIKE: Final = f"^{RETIRED_PREFIX}.+_[0-9]{{8}}$"
"""The same for PostgreSQL's `~`."""
_INFORMATION_SCHEMA: Final = "information_schema"
_MOST_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Given:
    """A slug as somebody wrote it.

    Attributes:
        text: without the line break.
        line: where, 1-based; 0 for one of the command line.
    """

    text: str
    line: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Tenant:
    """One tenant.

    Attributes:
        schema: where its tables are.
        slug: the organisation's, as it was given.
    """

    schema: str
    slug: str


@dataclass(frozen=True, slots=True, order=True)
class Retired:
    """A tenant that was retired.

    Attributes:
        schema: where its tables are.
        slug: as far as it is known.
        date: of the day, in UTC, as eight digits.
    """

    schema: str
    slug: str
    date: str


def longest_slug(prefix: str) -> int:
    """Return how many bytes a slug may have.

    Its schema fits PostgreSQL's limit, and so does the name it has once it is retired.
    """
    retired = len(RETIRED_PREFIX) + _DATE_LENGTH
    return MAX_BYTES - max(len(prefix.encode()), retired)


def schema_of(slug: str, prefix: str) -> str:
    """Return the schema of a slug that is none of `slug_problem`'s."""
    return prefix + slug.replace("-", "_")


def retired_schema(slug: str, date: str) -> str:
    """Return what a tenant's schema is called once it is retired.

    Args:
        slug: the tenant's.
        date: eight digits.
    """
    return f"{schema_of(slug, RETIRED_PREFIX)}_{date}"


def is_retired(schema: str) -> bool:
    """Return whether a schema has the name of a retired tenant's."""
    return _RETIRED.fullmatch(schema) is not None


def closed_like(isolation: Isolation | None) -> str:
    """Return the names, for PostgreSQL's `~`, of the schemas in which no level gives anything.

    Those of retired tenants, and of all tenants where each has a role of its own.

    Args:
        isolation: how tenants are kept apart; None where there are none.
    """
    if isolation is None:
        return "^$"
    if isolation.roles_in is None:
        return RETIRED_LIKE
    return f"{RETIRED_LIKE}|^{isolation.prefix}"


def is_closed(schema: str, isolation: Isolation | None) -> bool:
    """Return whether a schema is one of those."""
    if isolation is None:
        return False
    own = isolation.roles_in is not None and schema.startswith(isolation.prefix)
    return own or is_retired(schema)


def retired_tenant(schema: str, recorded: str | None = None) -> Retired:
    """Return whose a schema was that `is_retired`.

    Args:
        schema: its name.
        recorded: the slug as the schema's comment has it; see `slug_of`.
    """
    found = _RETIRED.fullmatch(schema)
    if found is None:
        msg = f"{schema} is no retired tenant's"
        raise AssertionError(msg)
    slug, date = found["slug"], found["date"]
    same = recorded is not None and recorded.replace("-", "_") == slug
    return Retired(schema, recorded if same and recorded else slug, date)


def slug_problem(slug: str, prefix: str) -> str | None:
    """Judge a slug.

    Returns:
        What is wrong with it, as the end of a sentence about it, or None.
    """
    if not slug:
        return "is empty"
    odd = next((char for char in slug if not _USUAL.fullmatch(char)), None)
    if odd is not None:
        lower = slug.lower()
        if _SLUG.fullmatch(lower):
            return f"must be written as {quoted(lower)}"
        return f"contains {character(odd)}; a slug has a to z, 0 to 9, - and _"
    most = longest_slug(prefix)
    if len(slug) > most:
        return (
            f"is {len(slug)} bytes long, at most {most} are allowed: {prefix}… and"
            f" {RETIRED_PREFIX}…_<date> both have to fit PostgreSQL's {MAX_BYTES}"
        )
    if not _SLUG.fullmatch(slug):
        return "must start and end with a letter or a digit"
    reason = reserved_reason(slug.replace("-", "_"), admin=None, maintenance_database=None)
    if reason is None and slug.replace("-", "_") == _INFORMATION_SCHEMA:
        reason = "SQL's standard has a schema of that name"
    return f"is reserved: {reason}" if reason else None


def slug_of(schema: str, prefix: str, recorded: str | None = None) -> str:
    """Return the slug of a tenant's schema.

    Args:
        schema: it starts with `prefix`.
        prefix: the one of the entry's tenants.
        recorded: the slug as the schema's comment has it. The schema's owner can rewrite that, so
            it decides no more than which of its `_` are `-`.
    """
    if (
        recorded is not None
        and slug_problem(recorded, prefix) is None
        and schema_of(recorded, prefix) == schema
    ):
        return recorded
    return schema.removeprefix(prefix)


def read_slugs(text: str) -> tuple[Given, ...]:
    """Return the slugs of a file: one a line, with `#` comments and empty lines left out."""
    lines = enumerate(text.removeprefix("\ufeff").split("\n"), start=1)
    found = (Given(line.split("#", 1)[0].strip(" \t\r"), number) for number, line in lines)
    return tuple(given for given in found if given.text)


def tenants_of(given: Sequence[Given], prefix: str, *, source: str = "") -> tuple[Tenant, ...]:
    """Return the tenants of a list, sorted by schema.

    A slug that is there twice is one tenant.

    Args:
        given: the slugs.
        prefix: what the schema of every tenant starts with.
        source: the file they are from, for messages.

    Raises:
        UsageError: some are no slugs, or would have the same schema; names all of them.
    """
    problems = [*_bad(given, prefix, source), *_collisions(given, prefix, source)]
    if problems:
        raise refused(problems)
    return tuple(sorted({Tenant(schema_of(one.text, prefix), one.text) for one in given}))


def meeting(wanted: Iterable[Tenant], there: Iterable[Tenant]) -> Iterator[tuple[Tenant, Tenant]]:
    """Yield each wanted tenant whose schema another slug has, and that one."""
    by_schema = {tenant.schema: tenant for tenant in there}
    for tenant in wanted:
        other = by_schema.get(tenant.schema)
        if other is not None and other.slug != tenant.slug:
            yield tenant, other


def collision(tenant: Tenant, other: Tenant) -> str:
    """Say that two slugs would have the same schema."""
    return (
        f"{quoted(tenant.slug)} and {quoted(other.slug)} would both have the schema {tenant.schema}"
    )


def refused(problems: Sequence[str], *, hint: str = "nothing was made") -> UsageError:
    """Return the error for slugs with which nothing is done."""
    if len(problems) == 1:
        return UsageError(problems[0], hint=hint, code=Code.SLUGS)
    more = len(problems) - _MOST_SHOWN
    lines = "".join(f"\n  {problem}" for problem in problems[:_MOST_SHOWN])
    rest = f"\n  and {more} more" if more > 0 else ""
    return UsageError(
        f"{len(problems)} slugs are refused:{lines}{rest}", hint=hint, code=Code.SLUGS
    )


def _bad(given: Iterable[Given], prefix: str, source: str) -> Iterator[str]:
    for one in given:
        if problem := slug_problem(one.text, prefix):
            yield f"{_where(one, source)}the slug {quoted(one.text)} {problem}"


def _collisions(given: Iterable[Given], prefix: str, source: str) -> Iterator[str]:
    first: dict[str, Given] = {}
    for one in given:
        if slug_problem(one.text, prefix) is not None:
            continue
        schema = schema_of(one.text, prefix)
        other = first.setdefault(schema, one)
        if other.text != one.text:
            said = collision(Tenant(schema, one.text), Tenant(schema, other.text))
            line = f" (the other is on line {other.line})" if other.line else ""
            yield f"{_where(one, source)}{said}{line}"


def _where(given: Given, source: str) -> str:
    if not given.line:
        return ""
    return f"{source}:{given.line}: " if source else f"line {given.line}: "
