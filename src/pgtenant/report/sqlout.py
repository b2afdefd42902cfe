"""A plan as a script for psql."""

from __future__ import annotations

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.planning.changes import (
    CreateExtension,
    CreateRole,
    CreateSecond,
    GiveTables,
    RunInitialSchema,
    SecureTables,
    UpdatePassword,
)
from pgtenant.planning.plan import Plan
from pgtenant.planning.sql.render import psql_variables
from pgtenant.planning.sql.script import psql_script
from pgtenant.planning.sql.text import as_text
from pgtenant.report.safe import name
from pgtenant.report.summary import summary_line


def plan_sql(plan: Plan) -> str:
    """Return the plan as SQL: exactly what an apply sends, loans included.

    Unlike the other outputs it is exact to the byte, so a name's control characters stay in it.

    Raises:
        UsageError: a name is not Unicode, so no script can hold it.
    """
    try:
        body = psql_script(plan.groups, plan.lending, plan.maintenance_database)
    except UnicodeEncodeError:
        raise UsageError(
            "the plan can't be written as SQL: a name in it is not valid Unicode",
            hint="use --format json, which spells such names out",
            code=Code.PLAN_AS_SQL,
        ) from None
    return "".join(f"-- {line}".rstrip() + "\n" for line in _header(plan)) + "\n" + body


def _header(plan: Plan) -> list[str]:
    lines = [
        f"pgtenant plan for {name(plan.environment)}. {summary_line(plan)}",
        "",
        "A script for psql, to be read, or run where pgtenant can't be. `pgtenant apply` does the",
        "same, and also takes the run lock, stops at a change since the plan, proves passwords",
        "and writes the audit trail.",
    ]
    if plan.blocked:
        lines.append("Blocked entries are left out; `--format text` says why.")
    passwords = [
        (c.role, c.secret)
        for c in plan.changes
        if isinstance(c, CreateRole | CreateSecond | UpdatePassword)
        and c.secret is not None
        and not (isinstance(c, CreateRole) and c.passwordless)
    ]
    if passwords:
        lines += [
            "",
            "No password is in here. Each verifier is a psql variable, to be set to the role's",
            "SCRAM-SHA-256 verifier before the script runs (psql -v NAME=VALUE); unset, it is a",
            "syntax error:",
        ]
        lines += [f"  {_variable(role, secret)}" for role, secret in passwords]
    own = CreateExtension | RunInitialSchema | SecureTables | GiveTables
    logins = sorted({c.owner for c in plan.changes if isinstance(c, own)})
    if logins:
        lines += ["", "psql also logs in, with their own passwords, as:"]
        lines += [f"  {name(role)}" for role in logins]
    return lines


def _variable(role: str, secret: str) -> str:
    return as_text(psql_variables(role, secret)).removeprefix(":").strip("'")
