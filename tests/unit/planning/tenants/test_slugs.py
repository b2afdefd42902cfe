"""Slugs become schemas, or are refused before anything is made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.errors import ExitCode, UsageError
from pgtenant.planning.tenants.slugs import (
    Given,
    Tenant,
    is_retired,
    longest_slug,
    meeting,
    read_slugs,
    retired_schema,
    schema_of,
    slug_of,
    slug_problem,
    tenants_of,
)

PREFIX = "tenant_"
SLUGS = st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,44}[a-z0-9])?", fullmatch=True)


def test_a_slug_becomes_a_schema() -> None:
    assert tenants_of([Given("acme-corp")], PREFIX) == (Tenant("tenant_acme_corp", "acme-corp"),)


@pytest.mark.parametrize(
    ("slug", "says"),
    [
        ("", "is empty"),
        ("a" * 64, "64 bytes long, at most 46"),
        ("a" * 47, "47 bytes long, at most 46"),
        ("Acme", 'must be written as "acme"'),
        ("caf\u00e9", "U+00E9"),
        ("\u0430cme", "CYRILLIC SMALL LETTER A"),
        ("a b", "a space"),
        ("a\n", "a line break"),
        ("a\0", "'\\x00'"),
        ('x"; drop schema y; --', "contains"),
        ("a.b", "'.'"),
        ("-a", "must start and end"),
        ("a_", "must start and end"),
        ("public", "is reserved"),
        ("pg_x", "is reserved"),
        ("pg-x", "is reserved"),
        ("none", "is reserved"),
        ("information-schema", "is reserved"),
        ("template0", "is reserved"),
    ],
)
def test_refused(slug: str, says: str) -> None:
    assert says in (slug_problem(slug, PREFIX) or "")
    with pytest.raises(UsageError) as refused:
        tenants_of([Given("good"), Given(slug)], PREFIX)
    assert refused.value.exit_code == ExitCode.USAGE
    assert refused.value.hint == "nothing was made"


def test_all_problems_at_once_with_their_lines() -> None:
    given_ = read_slugs("good\n# a comment\n\na-b  # another\nBad\na_b\r\n")
    with pytest.raises(UsageError) as refused:
        tenants_of(given_, PREFIX, source="tenants.txt")
    message = refused.value.message
    assert 'tenants.txt:5: the slug "Bad" must be written as "bad"' in message
    assert 'tenants.txt:6: "a_b" and "a-b" would both have the schema tenant_a_b' in message
    assert "(the other is on line 4)" in message


def test_a_slug_given_twice_is_one_tenant() -> None:
    assert len(tenants_of([Given("a-b", 1), Given("a-b", 2)], PREFIX)) == 1


def test_a_file_from_windows_is_read() -> None:
    assert read_slugs("\ufeffa\r\nb\r\n") == (Given("a", 1), Given("b", 2))


def test_who_has_the_schema_already() -> None:
    there = [Tenant("tenant_a_b", "a-b"), Tenant("tenant_c", "c")]
    wanted = [Tenant("tenant_a_b", "a_b"), Tenant("tenant_c", "c"), Tenant("tenant_d", "d")]
    assert list(meeting(wanted, there)) == [(wanted[0], there[0])]


@pytest.mark.parametrize("recorded", [None, "other", "a--b", "A-b", "a-b\n"])
def test_a_recorded_slug_that_is_not_of_the_schema_is_not_believed(recorded: str | None) -> None:
    assert slug_of("tenant_a_b", PREFIX, recorded) == "a_b"


@given(slug=SLUGS, prefix=st.from_regex(r"[a-z_][a-z0-9_]{0,29}", fullmatch=True))
def test_every_name_of_a_good_slug_fits(slug: str, prefix: str) -> None:
    if slug_problem(slug, prefix) is not None:
        return
    schema = schema_of(slug, prefix)
    retired = retired_schema(slug, "20261122")
    assert len(schema) <= 63
    assert len(retired) <= 63
    assert is_retired(retired)
    assert slug_of(schema, prefix, slug) == slug
    assert schema_of(slug_of(schema, prefix), prefix) == schema


def test_the_longest_slug() -> None:
    assert slug_problem("a" * longest_slug(PREFIX), PREFIX) is None
    assert slug_problem("a" * (longest_slug(PREFIX) + 1), PREFIX) is not None
    assert longest_slug("p" * 30) == 33
