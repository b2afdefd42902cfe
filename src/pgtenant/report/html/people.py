"""Who may do what: the access matrix."""

from __future__ import annotations

from collections import Counter
from typing import Final

from pgtenant.planning.privileges import PUBLIC
from pgtenant.report.html.markup import Html, el, name
from pgtenant.report.html.matrix import Cell, Power, Standing, matrix, superusers
from pgtenant.report.html.model import Report
from pgtenant.report.html.parts import badge, nothing, section, table

_TONES: Final = {
    Standing.BEYOND: "bad",
    Standing.MISSING: "change",
    Standing.OWN_MAKING: "warn",
    Standing.DECLARED: "good",
    Standing.UNMANAGED: "warn",
    Standing.PLATFORM: "quiet",
}
_MOST_PATHS: Final = 3


def access(report: Report) -> Html:
    """Return one line for each role in each database where it may do anything."""
    cells = matrix(report)
    columns = [
        ("Database", "sort"),
        ("Role", "sort"),
        ("Declared as", "sort"),
        *((str(power), "sort power") for power in Power),
        ("State", "sort"),
        ("Through", "sort"),
    ]
    body = [_controls(cells), table("Who may do what", columns, [_row(cell) for cell in cells])]
    if report.listing.not_looked_into:
        body.append(_closed(report))
    all_powerful = superusers(report)
    lead = (
        "Worked out from the server's own catalogs: memberships, ownership, grants, PUBLIC and"
        " default privileges."
    )
    more = el(
        "p",
        "Superusers may do everything everywhere and are not repeated: ",
        [(", " if n else "", name(role)) for n, role in enumerate(all_powerful)],
        ".",
        class_="lead",
    )
    rows = body if cells else nothing("Nobody may do anything.")
    return section("access", "Who may do what", more if all_powerful else None, rows, lead=lead)


def _controls(cells: tuple[Cell, ...]) -> Html:
    present = Counter(cell.standing for cell in cells)
    rest = len(cells) - present[Standing.PLATFORM]
    standings = [
        el("option", f"all but the platform's own ({rest})", value="-", selected=True),
        el("option", f"all ({len(cells)})", value=""),
        *(
            el("option", f"{standing} ({present[standing]})", value=str(standing))
            for standing in Standing
            if present[standing]
        ),
    ]
    levels = [
        el("option", word, value=value)
        for word, value in (
            ("all", ""),
            ("owner", "owner"),
            ("editor", "editor"),
            ("reader", "reader"),
            ("nothing", "none"),
        )
    ]
    return el(
        "div",
        el("label", "State", for_="access-standing"),
        el("select", standings, id="access-standing"),
        el("label", "Declared as", for_="access-level"),
        el("select", levels, id="access-level"),
        el("label", "May", for_="access-power"),
        el(
            "select",
            el("option", "anything", value=""),
            [el("option", str(p).lower(), value=str(p).lower()) for p in Power],
            id="access-power",
        ),
        el("span", class_="hint", id="access-hint"),
        class_="controls",
        hidden=True,
    )


def _row(cell: Cell) -> Html:
    expected = cell.standing is Standing.DECLARED
    paths = cell.paths[: 1 if expected else _MOST_PATHS]
    more = 0 if expected else len(cell.paths) - len(paths)
    role = "PUBLIC (everyone)" if cell.role == PUBLIC else cell.role
    entry = (
        el("span", f" {cell.entry}", class_="faint")
        if cell.entry and cell.entry not in {cell.role, cell.database}
        else None
    )
    return el(
        "tr",
        el("th", name(cell.database), scope="row"),
        el("td", name(role), class_="who-cell"),
        el("td", cell.level or el("span", "not declared", class_="faint"), entry),
        [_power(cell, power) for power in Power],
        el("td", badge(str(cell.standing), _TONES[cell.standing])),
        el("td", "; ".join(paths), f" and {more} more" if more > 0 else "", class_="through"),
        class_="item",
        data_database=cell.database,
        data_standing=str(cell.standing),
        data_level=cell.level or "none",
        data_powers=" ".join(sorted(str(p).lower() for p in cell.powers)),
    )


def _power(cell: Cell, power: Power) -> Html:
    if power in cell.powers:
        mark, said, order = "●", "yes", "0"
    elif power in cell.stuck:
        mark, said, order = "○", "held, but out of reach", "1"
    else:
        mark, said, order = "·", "no", "2"
    return el(
        "td",
        el("span", mark, aria_hidden="true"),
        el("span", said, class_="unseen"),
        class_=f"power {said.split(maxsplit=1)[0].strip(',')}",
        title=f"{power}: {said}",
        data_value=order,
    )


def _closed(report: Report) -> Html:
    return el(
        "p",
        "Not looked into: ",
        [
            (", " if n else "", name(database), f" ({reason})")
            for n, (database, reason) in enumerate(report.listing.not_looked_into)
        ],
        ".",
        class_="lead",
    )
