"""The floor: what PostgreSQL itself takes for W(N), asked by generated psql scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from benchmarks.workload import App, Level, Scenario, drifting, shares
from benchmarks.world import ADMIN, MAINTENANCE, Command, Job, World

CATALOG_QUERY = resources.files("benchmarks").joinpath("catalog.sql").read_text("utf-8")

_PRIVILEGES = {
    Level.EDITOR: ("SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT"),
    Level.READER: ("SELECT", "SELECT"),
}


@dataclass(frozen=True, slots=True)
class Floor:
    """psql with one script per session.

    It knows what is to be done and never asks; only where nothing is to be done it opens a
    connection to every database and sends one catalog query. It proves no password.
    """

    sessions: int
    note: str = ""
    makes_databases: bool = True
    scenarios: Sequence[Scenario] = tuple(Scenario)
    slow: bool = False

    @property
    def name(self) -> str:
        """As in the tables."""
        return f"psql, {self.sessions} session{'s' if self.sessions > 1 else ''}"

    def install(self) -> str:
        """Nothing to do: psql comes with the embedded PostgreSQL."""
        return ""

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write one script per session."""
        scripts = [
            script(part, job, world.major, set(drifting(job.apps)))
            for part in shares(job.apps, self.sessions)
        ]
        return tuple(
            _psql(world, f"floor-{number}.sql", text) for number, text in enumerate(scripts)
        )


def script(part: Iterable[App], job: Job, major: int, drifted: set[App]) -> str:
    """What one session sends."""
    part, new = tuple(part), set(job.new)
    lines = list(_roles([app for app in part if app in new], major))
    for app in part:
        if app in new:
            lines += _database(app)
    for app in part:
        lines.append(f"\\connect {app.database}")
        if app in new:
            lines += _contents(app, major)
            continue
        lines.append(CATALOG_QUERY)
        if job.scenario is Scenario.DRIFTED and app in drifted:
            lines += _as_owner(app, major, [f"GRANT USAGE ON SCHEMA public TO {app.reader.name}"])
    return "".join(f"{line}\n" if line.startswith("\\") else f"{line};\n" for line in lines)


def _roles(new: Sequence[App], major: int) -> Iterable[str]:
    if not new:
        return
    yield "BEGIN"
    for app in new:
        for role in app.roles:
            power = " CREATEDB"
            yield f"CREATE ROLE {role.name} LOGIN{power} PASSWORD '{role.password}'"
        yield _lend(app, major)
    yield "COMMIT"


def _database(app: App) -> Iterable[str]:
    owner, editor, reader = (role.name for role in app.roles)
    yield f"CREATE DATABASE {app.database} OWNER {owner} TEMPLATE template0"
    yield "BEGIN"
    yield f"REVOKE ALL ON DATABASE {app.database} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {app.database} TO {ADMIN}, {editor}, {reader}"
    yield "COMMIT"


def _contents(app: App, major: int) -> Iterable[str]:
    statements = []
    default = f"ALTER DEFAULT PRIVILEGES FOR ROLE {app.owner.name} GRANT"
    statements.append(f"GRANT USAGE ON SCHEMA public TO {app.editor.name}, {app.reader.name}")
    statements.append(f"{default} USAGE ON SCHEMAS TO {app.editor.name}, {app.reader.name}")
    for level, (tables, sequences) in _PRIVILEGES.items():
        to = f"TO {app.role(level).name}"
        statements += [
            f"GRANT {tables} ON ALL TABLES IN SCHEMA public {to}",
            f"GRANT {sequences} ON ALL SEQUENCES IN SCHEMA public {to}",
            f"{default} {tables} ON TABLES {to}",
            f"{default} {sequences} ON SEQUENCES {to}",
        ]
    return _as_owner(app, major, statements, lent=True)


def _as_owner(
    app: App, major: int, statements: Sequence[str], *, lent: bool = False
) -> Iterable[str]:
    yield "BEGIN"
    if not lent:
        yield _lend(app, major)
    yield f"SET LOCAL ROLE {app.owner.name}"
    yield from statements
    yield "RESET ROLE"
    yield f"REVOKE {app.owner.name} FROM {ADMIN}"
    yield "COMMIT"


def _lend(app: App, major: int) -> str:
    options = " WITH INHERIT TRUE, SET TRUE" if major >= 16 else ""
    return f"GRANT {app.owner.name} TO {ADMIN}{options}"


def _psql(world: World, name: str, text: str) -> Command:
    path = world.directory / name
    path.write_text(text, "utf-8")
    return Command(
        (str(world.psql), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", str(path)),
        (
            ("PGHOST", world.host),
            ("PGPORT", str(world.port)),
            ("PGUSER", world.admin.user),
            ("PGPASSWORD", world.admin.password),
            ("PGDATABASE", MAINTENANCE),
        ),
    )
