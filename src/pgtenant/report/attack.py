"""What came of letting tenants attack each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pgtenant.report.document import EMPTY, Line, Style, line, paragraph
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count
from pgtenant.verify.tenants.outcome import Answer, Attack, Trial

_MOST: Final = 5


def attack_lines(attack: Attack, width: int) -> Iterator[Line]:
    """Yield what held, what got through, and what can't be prevented."""
    yield line(f"Attack, as {name(attack.login)}", Style.TITLE)
    if attack.unproven:
        said = f"Nothing is proven: {shown(attack.unproven)}"
        yield from paragraph(said, width=width, indent=2, mark="!", mark_style=Style.BAD)
        yield EMPTY
        return
    whole = "every tenant" if attack.tenants >= attack.of else f"a sample of {attack.of} tenants"
    said = f"{count(attack.tenants, 'tenant')}, {attack.pairs} pairs: {whole}."
    if attack.of < attack.tenants:
        said = f"{count(attack.tenants, 'stand-in')}: there are no two tenants."
    if attack.left_out:
        said += f" Not read: {count(attack.left_out, 'table')} without an index, of somebody else,"
        said += " or beyond the first fifty of a tenant."
    yield from paragraph(said, width=width, indent=2, style=Style.FAINT)
    for trial in attack.trials:
        if trial.preventable:
            yield from _trial(trial, width)
    yield EMPTY
    what = "one role" if attack.owns else "row security"
    what = "a role for each tenant" if attack.entered else what
    yield line(f"What {what} can't prevent", Style.TITLE)
    for trial in attack.trials:
        if not trial.preventable:
            prevented = " (not here)" if trial.otherwise else ""
            yield from paragraph(f"{trial.says}{prevented}", width=width, indent=2, mark="*")
    yield EMPTY


def attack_json(attack: Attack) -> dict[str, Any]:
    """Return the member `attack` of `schemas/tenant.schema.json`."""
    return {
        "login": attack.login,
        "tenants": attack.tenants,
        "of": attack.of,
        "pairs": attack.pairs,
        "type": attack.type,
        "tables_left_out": attack.left_out,
        "unproven": attack.unproven,
        "held": attack.held,
        "trials": [
            {
                "trick": str(trial.trick),
                "says": trial.says,
                "preventable": trial.preventable,
                "tried": trial.tried,
                "otherwise": [
                    {"by": one.by, "on": one.on, "expected": one.expected, "given": one.given}
                    for one in trial.otherwise
                ],
            }
            for trial in attack.trials
        ],
    }


def _trial(trial: Trial, width: int) -> Iterator[Line]:
    if trial.holds:
        yield from paragraph(trial.says, width=width, indent=2, mark="+", mark_style=Style.GOOD)
        return
    said = f"not so: {trial.says}"
    yield from paragraph(said, width=width, indent=2, mark="!", mark_style=Style.BAD)
    for one in trial.otherwise[:_MOST]:
        yield from paragraph(_told(one), width=width, indent=6)
    if (more := len(trial.otherwise) - _MOST) > 0:
        yield line(f"      and {more} more; `--format json` lists them all")


def _told(one: Answer) -> str:
    who = f"{name(one.by)} on {name(one.on)}" if one.by else f"no tenant on {name(one.on)}"
    return f"{who}: {shown(one.given)}" + (f", not {one.expected}" if one.expected else "")
