"""One trial: a run that is hit at a boundary, what must hold then, and the next run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgtenant.audit.chain import Link, parse
from support.faults import shapes
from support.faults.bench import Bench
from support.faults.expected import ASKED_AGAIN, code_after, leaves_open, tries_again
from support.faults.injections import Injection
from support.faults.scenarios import Scenario
from support.project import Project, Result
from support.siege import Rows, can_log_in, standing, state

ADMINS = ("platform_admin", "rdsadmin", "pgtenant_admin")
_ASIDE = {"queries/blockers.sql"}
"""Asked beside what a run does, on a login of its own; nothing depends on the answer."""

_TRIALS = 4
_ANOTHER = "not the same run"

_UNKNOWN = re.compile(r"whether .* took effect is unknown")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A scenario's run without a fault.

    Attributes:
        names: its boundaries.
        plain: the same, without what they are called after what comes later.
        state: what it left, to compare with.
        standing: the memberships of the admin that nobody asked pgtenant to take away.
        audited: the roles that have records.
        users: a role of the catalog that can log in afterwards; the next run proves the others.
    """

    scenario: Scenario
    names: tuple[str, ...]
    plain: tuple[str, ...]
    state: Rows
    standing: Rows
    users: tuple[str, ...]
    audited: frozenset[str]

    def places(self, *, all_of_them: bool) -> list[int]:
        """Return the numbers of all boundaries, or of the first and last one of each name."""
        if all_of_them:
            return list(range(1, len(self.names) + 1))
        first = {name: number for number, name in reversed(list(enumerate(self.names, 1)))}
        return sorted(first.values())


def rehearse(bench: Bench, scenario: Scenario) -> Rehearsal:
    """Run a scenario without a fault."""
    bench.clean()
    scenario.setup(bench)
    bench.proxy.arm()
    result = bench.runs.run(bench.project, *scenario.argv)
    assert result.code == scenario.code, result.output
    seen = tuple(bench.proxy.seen)
    bench.settled()
    users = [str(role) for (role,) in bench.instance.su("SELECT rolname FROM pg_roles")]
    return Rehearsal(
        scenario,
        shapes.names(seen, ADMINS),
        shapes.plain_names(seen, ADMINS),
        _state(bench, scenario),
        standing(bench.instance),
        tuple(user for user in users if can_log_in(bench.instance, user, "shop"))[:1],
        frozenset(link.text("username") for link in _journal(bench.project)),
    )


def hit(bench: Bench, rehearsal: Rehearsal, number: int, fault: Injection) -> list[str]:
    """Hit a run at a boundary; return what was not as it should be.

    How often a run asks who is in its way depends on time, so that a run may turn out to be
    another than the rehearsal. Such a trial says nothing, and is made again.
    """
    for _ in range(_TRIALS):
        complaints = _hit(bench, rehearsal, number, fault)
        if not complaints or not complaints[0].startswith(_ANOTHER):
            break
    return complaints


def _hit(bench: Bench, rehearsal: Rehearsal, number: int, fault: Injection) -> list[str]:
    scenario, name = rehearsal.scenario, rehearsal.names[number - 1]
    bench.clean()
    scenario.setup(bench)
    before = len(_journal(bench.project))
    bench.proxy.arm(number, lambda session: fault.strike(bench, session))
    result = bench.runs.run(bench.project, *scenario.argv)
    seen, struck = shapes.plain_names(bench.proxy.seen, ADMINS), bench.proxy.hit
    bench.proxy.arm()
    bench.settled()
    of_admin = struck is not None and struck.user in ADMINS
    complaints = [*_of_the_run(result, scenario, fault, name, of_admin=of_admin)]
    if struck is None or seen[:number] != rehearsal.plain[:number]:
        return [f"{_ANOTHER}: {seen[:number]} instead of {rehearsal.plain[:number]}"]
    if tries_again(fault, name) and len(seen) <= len(rehearsal.names):
        complaints.append("nothing was sent again")
    goes_on = name in _ASIDE or (name in ASKED_AGAIN and not of_admin)
    if not fault.transient and result.code == 1 and not goes_on:
        extra = [text for text in seen[number:] if not text.startswith(("ROLLBACK", "RELEASE"))]
        if _ASIDE & {*extra}:
            extra = [text for text in extra if text not in {*_ASIDE, "login of an admin"}]
        if extra:
            complaints.append(f"went on after the fault: {extra}")
    if held := [row for row in standing(bench.instance) if row not in rehearsal.standing]:
        complaints.append(f"standing: {held}")
    first = _journal(bench.project)[before:]
    complaints += _of_the_records(first, rehearsal, fault)
    following = bench.runs.run(bench.project, *scenario.argv)
    gone = scenario.nameless and result.code == 0
    if following.code != (64 if gone else scenario.code):
        complaints.append(f"the next run ended with {following.code}: {_said(following)}")
    bench.settled()
    if (found := _state(bench, scenario)) != rehearsal.state:
        changed = set(map(str, found)) ^ set(map(str, rehearsal.state))
        complaints.append(f"another state: {sorted(changed)}")
    second = _journal(bench.project)[before + len(first) :]
    complaints += _contradictions(first, second)
    complaints += [
        f"{user} can't log in"
        for user in rehearsal.users
        if not can_log_in(bench.instance, user, "shop")
    ]
    verified = bench.project.run("audit", "verify", str(bench.project.audit))
    if verified.code != 0:
        complaints.append(f"audit verify: {verified.output}")
    return complaints


def _of_the_run(
    result: Result, scenario: Scenario, fault: Injection, name: str, *, of_admin: bool
) -> Iterator[str]:
    said = _said(result)
    errors = [line for line in said if line.startswith("error: ")]
    if result.code != (expected := code_after(fault, name, scenario.code, of_admin=of_admin)):
        yield f"ended with {result.code} instead of {expected}: {said}"
    if fault.kills:
        return
    if any(not line.startswith(("error: ", "hint: ", "help: ", "  ")) for line in said):
        yield f"said more than an error: {said}"
    if len(errors) != (1 if result.code == 1 else 0):
        yield f"{len(errors)} errors: {said}"
    text = "\n".join(said)
    if result.code == 1 and scenario.code == 0:
        if not re.search(fault.says, text):
            yield f"did not say what happened: {said}"
        _, told, hint = text.partition("hint: ")
        unread = name in {"queries/contents.sql", "queries/tenants.sql"}
        cure = "run again when that is mended" if unread else fault.cure
        if not told or not re.search(cure if fault.cure else "", hint):
            yield f"did not say what to do: {said}"
        if bool(_UNKNOWN.search(text)) is not leaves_open(fault, name):
            yield f"wrong about what is known: {said}"


def _of_the_records(links: list[Link], rehearsal: Rehearsal, fault: Injection) -> Iterator[str]:
    if fault.kills:
        return
    ends = [link for link in links if link.text("kind") == "run_finished"]
    if len(ends) != 1:
        yield f"{len(ends)} ends in the journal"
    named = {link.text("username") for link in links}
    silent = rehearsal.audited - named
    if silent and not (rehearsal.scenario.nameless and "" in named):
        yield f"no record of {sorted(silent)}"


def _contradictions(first: list[Link], second: list[Link]) -> Iterator[str]:
    """Tell what the hit run claimed and the next one had to do."""
    done = _statements(second, "success")
    for claimed in sorted(_statements(first, "success") & done):
        yield f"claimed and not in effect: {claimed}"
    changed = {username for _, username, _ in done}
    for link in _records(first, "no_change"):
        if link.text("username") in changed:
            yield f"called unchanged: {link.members}"


def _statements(links: list[Link], status: str) -> set[tuple[str, str, str]]:
    return {
        (link.text("database"), link.text("username"), str(statement))
        for link in _records(links, status)
        for statement in link.members.get("sql", ())
    }


def _records(links: list[Link], status: str) -> list[Link]:
    return [link for link in links if link.text("status") == status]


def _journal(project: Project) -> list[Link]:
    path = project.audit.with_suffix(".journal.jsonl")
    if not path.exists():
        return []
    return [link for line in path.read_bytes().splitlines() if (link := parse(line)) is not None]


def _said(result: Result) -> list[str]:
    """Standard error without the log."""
    return [line for line in result.err.splitlines() if not line.startswith("{")]


def _state(bench: Bench, scenario: Scenario) -> Rows:
    return sorted(state(bench.instance, *scenario.databases), key=str)
