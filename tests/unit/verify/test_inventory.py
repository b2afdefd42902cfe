"""What is tried of what there is."""

from __future__ import annotations

from pgtenant.verify.findings import Severity
from pgtenant.verify.inventory import MOST, Inventory, at_home, left_out

from .grounds import ground, role


def _inventory(number: int) -> Inventory:
    names = tuple(f"s{index}" for index in range(number))
    return Inventory(
        event_triggers=(),
        schemas=names,
        tables=(),
        columns=(),
        definers=(),
        default_schemas=names,
        large_acls=(),
        totals={"tables": number, "columns": number, "definers": number},
    )


def test_what_is_not_all_tried_is_told() -> None:
    state = ground()
    (database,) = state.desired.databases
    for who, kinds in ((database.owner, 2), (state.desired.by_name["crm_ro"], 4)):
        assert list(left_out(who, database, _inventory(MOST))) == []
        notes = list(left_out(who, database, _inventory(MOST + 1)))
        assert len(notes) == kinds
        assert {note.severity for note in notes} == {Severity.NOTE}
        assert all(f"{MOST} of {MOST + 1}" in note.message for note in notes)


def test_whose_functions_cross_no_border() -> None:
    state = ground(roles={"stranger": role("stranger")})
    (database,) = state.desired.databases
    home = at_home(database, state)
    assert {"crm_user", "crm_ro", "rdsadmin"} <= set(home)
    assert "stranger" not in home
