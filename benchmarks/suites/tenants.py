"""Tenants inside one database, a schema of ten tables each behind row security."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks.bench import Bench
from benchmarks.ours import lay_out
from benchmarks.results import Figure
from benchmarks.running import FailedError, Ran, run
from benchmarks.workload import App, apps
from benchmarks.world import PROGRAMS, Command, World
from pgtenant.embedded import Server
from pgtenant.planning.tenants.found import Column, Relation, RelationKind
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.statements import secure

NAME = "tenants"
ADDED, SAME, ON_DISK = "one more", "no change", "catalogs on disk"
ATTACKED = "all attack each other, up to 50"
FIRST = "first 500"
ADD, PLAN, VERIFY, PSQL = "pgtenant tenant add", "pgtenant plan", "pgtenant tenant verify", "psql"
UNATTACKED = f"{VERIFY} --no-attack"
LOOKUP = "2,000 indexed lookups, 1,000,000 rows"
POLICY, BY_HAND = "policy", "condition by hand"
_TABLES, _FIRST, _ROWS, _LOOKUPS, _ORGANISATIONS = 10, 500, 1_000_000, 2_000, 1_000
_KEY = "app-00001-owner"
_OFTEN = (
    5  # what takes about a second is measured more often: the first one pays for what was before
)
_HOURS = 4 * 3600.0
_ISOLATION = Isolation("tenant_", "app.current_tenant", "tenant_id")


def measure(bench: Bench) -> None:
    """Make ever more tenants in one database, and ask at each size; then look rows up."""
    with bench.servers.fresh() as server, tempfile.TemporaryDirectory() as directory:
        world = bench.world(server.port, Path(directory))
        try:
            _lay_out(bench, world)
            made = _measure_added(bench, world, 1, 0)
            for size in bench.options.tenants:
                if size > made:
                    _fill(bench, world, made, size)
                    made = size
                _measure_same(bench, world, server, size)
                made = _measure_added(bench, world, size, made)
            _measure_rows(bench, server)
        except FailedError as error:
            bench.say(f"{NAME}: {error}")


def _lay_out(bench: Bench, world: World) -> None:
    given = apps(1)
    lay_out(world, given)
    catalog = world.directory / "envs" / "dev-rds" / "terraform.tfvars"
    declared = '    access_level  = "owner"\n'
    tenancy = f'{declared}    tenancy       = {{ template = "tenants" }}\n'
    catalog.write_text(catalog.read_text("utf-8").replace(declared, tenancy), "utf-8")
    template = world.directory / "schemas" / "tenants"
    template.mkdir(parents=True)
    (template / "001_tables.sql").write_text("\n".join(_tables()), "utf-8")
    run([_command(bench, world, "apply", "-e", "dev")], timeout=_HOURS)


def _tables() -> Iterator[str]:
    for number in range(_TABLES):
        refers = (
            f", parent bigint, FOREIGN KEY (tenant_id, parent) REFERENCES t{number - 1}"
            if number
            else ""
        )
        yield (
            f"CREATE TABLE t{number} (tenant_id uuid, id bigint, name text NOT NULL,"
            f" made timestamptz DEFAULT now(), PRIMARY KEY (tenant_id, id){refers});"
        )


def _command(bench: Bench, world: World, *arguments: str) -> Command:
    python = bench.options.python
    return Command((python, "-m", "pgtenant", *arguments, "--project", str(world.directory)))


def _add(bench: Bench, world: World, numbers: range, *, watch_memory: bool = False) -> Ran:
    (world.directory / "slugs.txt").write_text("\n".join(f"org-{n}" for n in numbers), "utf-8")
    command = _command(bench, world, "tenant", "add", "-e", "dev", _KEY, "--file", "slugs.txt")
    return run([command], timeout=_HOURS, watch_memory=watch_memory)


def _fill(bench: Bench, world: World, made: int, size: int) -> None:
    """Make tenants up to a size; the first five hundred are timed."""
    figure = Figure(NAME, ADD, FIRST, _FIRST)
    if made < _FIRST <= size:
        bench.check_time(figure)
        bench.add(figure, _add(bench, world, range(made, _FIRST), watch_memory=True))
        made = _FIRST
    if size > made:
        bench.check_time(figure)
        took = _add(bench, world, range(made, size))
        bench.add(Figure(NAME, ADD, f"{made:,} to {size:,}", size), took)


def _measure_added(bench: Bench, world: World, size: int, made: int) -> int:
    """Add one, several times; return how many there are then."""
    figure = Figure(NAME, ADD, ADDED, size)
    rounds = max(_OFTEN, bench.options.rounds)
    for number in range(made, made + rounds):
        bench.check_time(figure)
        bench.add(figure, _add(bench, world, range(number, number + 1), watch_memory=True))
    return made + rounds


def _measure_same(bench: Bench, world: World, server: Server, size: int) -> None:
    """Ask whether all are kept apart, in turn with a psql that reads the same catalogs."""
    database = apps(1)[0].database
    with psycopg.connect(server.superuser_conninfo(database), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'"
            " AND NOT relisshared"
        ).fetchone()
    on_disk = Figure(NAME, "PostgreSQL", ON_DISK, size)
    bench.figures[NAME, "PostgreSQL", ON_DISK, size, None] = replace(
        on_disk, peak_bytes=int(row[0]) if row else None
    )
    verify = ("tenant", "verify", "-e", "dev", _KEY)
    asked = {
        PLAN: _command(bench, world, "plan", "-e", "dev"),
        UNATTACKED: _command(bench, world, *verify, "--no-attack"),
        PSQL: _psql(world, server, apps(1)[0]),
    }
    for number in range(bench.options.rounds):
        for tool, command in asked.items():
            figure = Figure(NAME, tool, SAME, size)
            bench.check_time(figure)
            bench.add(figure, run([command], timeout=_HOURS, watch_memory=number == 0))
    figure = Figure(NAME, VERIFY, ATTACKED, size)
    bench.check_time(figure)
    bench.add(figure, run([_command(bench, world, *verify)], timeout=_HOURS, watch_memory=True))


def _psql(world: World, server: Server, app: App) -> Command:
    arguments = ("-X", "-q", "-o", "/dev/null", "-f", str(PROGRAMS / "tenants.sql"))
    return Command((str(world.psql), *arguments, server.superuser_conninfo(app.database)))


def _measure_rows(bench: Bench, server: Server) -> None:
    """Look rows up by their key: under the policy, and with its condition written by hand."""
    database, owner = apps(1)[0].database, apps(1)[0].owner
    with psycopg.connect(server.superuser_conninfo(database), autocommit=True) as connection:
        connection.execute(f"SET ROLE {owner.name}")
        for name in ("held", "plain"):
            connection.execute(
                f"CREATE TABLE public.{name} (tenant_id uuid, id bigint, name text,"
                " PRIMARY KEY (tenant_id, id))"
            )
            connection.execute(
                f"INSERT INTO public.{name} SELECT lpad(to_hex(n %% %s), 32, '0')::uuid, n,"
                " 'name ' || n FROM generate_series(1, %s) n",
                [_ORGANISATIONS, _ROWS],
            )
        facts = Relation(RelationKind.TABLE, owner.name, False, False, Column("uuid"), True)
        for statement in secure(("public", "held"), facts, _ISOLATION, "{}"):
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE public.held, public.plain")
        for number in range(max(_OFTEN, bench.options.rounds) + 1):
            for tool, seconds in (
                (POLICY, _look_up(connection, "held", "")),
                (BY_HAND, _look_up(connection, "plain", "tenant_id = %s AND ")),
            ):
                if number:  # the first one fills the caches
                    figure = Figure(NAME, tool, LOOKUP, _ROWS)
                    bench.add(figure, Ran(seconds, seconds, None))


def _look_up(connection: psycopg.Connection[tuple[object, ...]], table: str, by_hand: str) -> float:
    """Return how long it takes, in seconds, all of one tenant."""
    rows = random.Random(1).sample(range(_ROWS // _ORGANISATIONS), 100)
    tenant = f"{1:032x}"
    query = f"SELECT name FROM public.{table} WHERE {by_hand}id = %s"
    connection.execute("SELECT set_config('app.current_tenant', %s, false)", [tenant])
    began = time.perf_counter()
    for number in range(_LOOKUPS):
        key = 1 + _ORGANISATIONS * rows[number % len(rows)]
        given = [tenant, key] if by_hand else [key]
        found = connection.execute(query.encode(), given, prepare=True).fetchall()
        assert len(found) == 1, (table, key)
    return time.perf_counter() - began
