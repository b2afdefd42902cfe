"""The names of tenants' own roles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pgtenant.tenancy import tenant_role

NAMES = st.text(st.sampled_from("ab_01"), min_size=1, max_size=63)


def test_a_name_is_the_schema_and_the_database() -> None:
    assert tenant_role("tenant_acme", "shop") == "tenant_acme@shop"


def test_one_that_does_not_fit_ends_in_a_digest_of_the_whole() -> None:
    name = tenant_role("tenant_" + "a" * 46, "qualisys_master")
    assert name == "tenant_" + "a" * 43 + "~63495f94d441"
    assert len(name) == 63


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_two_tenants_of_an_instance_share_one(a: str, b: str, c: str, d: str) -> None:
    assert len(tenant_role(a, b).encode()) <= 63
    assert (tenant_role(a, b) == tenant_role(c, d)) == ((a, b) == (c, d))
