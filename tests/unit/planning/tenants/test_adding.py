"""What a run over tenants does, from what is wanted and what is there."""

from __future__ import annotations

import pytest

from pgtenant.errors import UsageError
from pgtenant.planning.tenants.adding import Home, There, additions, tenants_there
from pgtenant.planning.tenants.findings import Finding, Problem
from pgtenant.planning.tenants.outcome import gathered
from pgtenant.planning.tenants.record import TenantRecord
from pgtenant.planning.tenants.retiring import removal, reopened, retirements
from pgtenant.planning.tenants.settling import by_schemas
from pgtenant.planning.tenants.slugs import Tenant
from pgtenant.planning.tenants.templates import Template, TemplateFile

HOME = Home("dev", "qualisys", "qualisys_master", "app_user", "tenant_")
ONE, TWO = TemplateFile("1.sql", "SELECT 1"), TemplateFile("2.sql", "SELECT 2")
ACME, GLOBEX = Tenant("tenant_acme_corp", "acme-corp"), Tenant("tenant_globex", "globex")
OLD = f"retired_acme_corp_{20260131}"


def there(name: str, slug: str = "", *files: TemplateFile, owner: str = "app_user") -> There:
    record = TenantRecord("dev", "qualisys", slug, {file.name: file.digest for file in files})
    return There(name, owner, record.text() if slug else None, filled=True)


def named(*schemas: There) -> dict[str, There]:
    return {schema.name: schema for schema in schemas}


def test_what_is_missing_is_made() -> None:
    made, brought = additions(
        [GLOBEX, ACME], named(there("tenant_globex", "globex", ONE)), Template.of([TWO, ONE]), HOME
    )
    assert (made.tenant, made.new, made.files) == (ACME, True, (ONE, TWO))
    assert (brought.tenant, brought.new, brought.files) == (GLOBEX, False, (TWO,))
    assert brought.record.template == {"1.sql": ONE.digest, "2.sql": TWO.digest}
    assert made.effect("d").target == ("add_tenant", "d", "tenant_acme_corp")


def test_what_is_as_it_should_be_is_left_alone() -> None:
    schemas = named(there("tenant_globex", "globex", ONE))
    assert additions([GLOBEX], schemas, Template.of([ONE]), HOME) == ()


def test_a_tenant_made_by_hand_gets_its_record() -> None:
    (step,) = additions([GLOBEX], named(there("tenant_globex")), Template(), HOME)
    assert (step.new, step.files, step.record.tenant) == (False, (), "globex")
    with pytest.raises(UsageError, match="no record says which"):
        additions([GLOBEX], named(there("tenant_globex")), Template.of([ONE]), HOME)
    template = Template.of([ONE])
    (step,) = additions([GLOBEX], named(there("tenant_globex")), template, HOME, assume=True)
    assert (step.files, step.record.template) == ((), template.digests)
    empty = There("tenant_globex", "app_user")
    (step,) = additions([GLOBEX], named(empty), template, HOME)
    assert (step.new, step.files) == (False, (ONE,))


def test_all_that_is_in_the_way_is_told_at_once() -> None:
    schemas = named(
        there("tenant_acme_corp", "acme_corp"),
        there("tenant_globex", owner="intern"),
        there("tenant_late", "late", TWO),
    )
    wanted = [ACME, GLOBEX, Tenant("tenant_late", "late")]
    with pytest.raises(UsageError, match="3 slugs are refused") as refused:
        additions(wanted, schemas, Template.of([ONE, TWO]), HOME)
    for said in ("the second one is there", "belongs to intern", "would run in tenant_late after"):
        assert said in refused.value.message


def test_a_schema_whose_name_no_statement_can_have() -> None:
    odd = Tenant("tenant_\udcff", "\udcff")
    with pytest.raises(UsageError, match=r"tenant_\\udcff has a name that is no UTF-8"):
        additions([odd], named(there(odd.schema)), Template(), HOME)


def test_findings_of_many_tenants_are_told_once() -> None:
    each = [Finding(Problem.KEY, "m", (("s", str(number)),), str(number)) for number in range(5000)]
    (told,) = gathered([*each, each[0]])
    assert told.names == tuple(sorted(name for one in each for name in one.names))
    assert told.statement == "0"


def test_the_tenants_that_are_there() -> None:
    schemas = [
        there("tenant_acme_corp", "acme-corp"),
        there("tenant_x_y"),
        there("tenant_z", owner="intern"),
        there(OLD, "acme-corp"),
    ]
    assert tenants_there(schemas, HOME) == (ACME, Tenant("tenant_x_y", "x_y"))


def test_what_is_retired() -> None:
    schemas = named(there("tenant_acme_corp", "acme-corp", ONE), there("retired_globex_20250101"))
    (step,) = retirements([ACME, GLOBEX], schemas, HOME, "20260131")
    assert step.retired == OLD
    assert step.record.template == {"1.sql": ONE.digest}
    schemas |= named(there(OLD, "acme-corp"))
    with pytest.raises(UsageError, match="2 slugs are refused") as refused:
        retirements([ACME, Tenant("tenant_no", "no")], schemas, HOME, "20260131")
    assert "was retired today already" in refused.value.message
    assert "there is no tenant no" in refused.value.message


def test_a_retired_tenant_is_nobodys_to_enter() -> None:
    closed, opened = There(OLD, "app_user"), There("retired_x_20260131", "app_user", held=("r",))
    (found,) = reopened([closed, opened])
    assert found.names == (("", opened.name),)
    assert found.message == "is a retired tenant's, and open to r"
    assert found.statement == 'REVOKE ALL ON SCHEMA "retired_x_20260131" FROM "r" CASCADE'


def test_what_is_dropped() -> None:
    step = removal(OLD, named(there(OLD, "acme-corp")), HOME)
    assert step is not None
    assert (step.tenant.slug, step.tenant.date) == ("acme-corp", "20260131")
    assert removal(OLD, {}, HOME) is None
    with pytest.raises(UsageError, match="is no retired tenant's schema"):
        removal("tenant_acme_corp", named(there("tenant_acme_corp")), HOME)
    with pytest.raises(UsageError, match="belongs to intern"):
        removal(OLD, named(there(OLD, owner="intern")), HOME)


@pytest.mark.parametrize(
    ("target", "details", "schemas", "done", "why"),
    [
        (("add_tenant", "d", "tenant_a"), (), [], False, ""),
        (("add_tenant", "d", "tenant_a"), (), [there("tenant_a")], False, ""),
        (("add_tenant", "d", "tenant_a"), (), [there("tenant_a", "a")], True, ""),
        (("add_tenant", "d", "tenant_a"), ("1.sql x",), [there("tenant_a", "a")], False, ""),
        (
            ("add_tenant", "d", "tenant_a"),
            (f"1.sql {ONE.digest}",),
            [there("tenant_a", "a", ONE, TWO)],
            True,
            "",
        ),
        (("retire_tenant", "d", "tenant_a", OLD), (), [there("tenant_a")], False, ""),
        (("retire_tenant", "d", "tenant_a", OLD), (), [there(OLD)], True, ""),
        (("retire_tenant", "d", "tenant_a", OLD), (), [], False, "neither of the two"),
        (("drop_tenant", "d", OLD), (), [], True, ""),
        (("drop_tenant", "d", OLD), (), [there(OLD)], False, ""),
        (("rename_tenant", "d"), (), [], False, "does not know"),
    ],
)
def test_what_became_of_an_earlier_run(
    target: tuple[str, ...], details: tuple[str, ...], schemas: list[There], done: bool, why: str
) -> None:
    found, reason = by_schemas(named(*schemas))(target, details)
    assert found is done
    assert why in reason
    assert bool(why) == bool(reason)
