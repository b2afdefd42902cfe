"""`pg_dump` and `pg_restore`: which ones, and how they are run."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pgtenant.errors import PgtenantError, ServerError
from pgtenant.postgres.connect import APPLICATION_NAME, Gate, Login
from pgtenant.postgres.options import startup_options

_PLACES: Final = ("/usr/lib/postgresql", "/usr")
_PATTERNS: Final = ("*/bin/pg_dump", "pgsql-*/bin/pg_dump")
_LINES: Final = 10
_NEWER_SETTING: Final = re.compile(
    'could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"$'
)


@dataclass(frozen=True, slots=True)
class Programs:
    """A `pg_dump`, and the `pg_restore` beside it.

    Attributes:
        directory: where they are.
        version: as they print it.
    """

    directory: Path
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def find_programs(major: int, directory: str | None, more: Sequence[Path] = ()) -> Programs:
    """Return the oldest that can dump a server of this major version.

    An older one refuses a newer server. What a newer one writes an older server may not take back.

    Args:
        major: the server's.
        directory: where to look; None looks where they usually are.
        more: and there.

    Raises:
        PgtenantError: there is none.
    """
    found = [p for place in _places(directory, more) if (p := _at(place)) is not None]
    fitting = sorted((p for p in found if p.major >= major), key=lambda p: (p.major, p.directory))
    if fitting:
        return fitting[0]
    versions = ", ".join(sorted({p.version for p in found})) or "none at all"
    raise PgtenantError(
        f"the server is PostgreSQL {major}, and no pg_dump here is as new (found: {versions})",
        hint=f"install PostgreSQL {major}'s client programs, or name their directory in [retire]"
        " programs; --no-backup drops without a dump",
    )


async def run_program(
    programs: Programs,
    name: str,
    arguments: Sequence[str],
    *,
    gate: Gate,
    login: Login,
    database: str,
) -> None:
    """Run one of the programs on a connection of the gate's budget, however long it takes.

    The password is in its environment, which only this user can read, and never among the
    arguments, which everybody can.

    Raises:
        ServerError: it did not succeed; the message is what it said last.
    """
    async with gate.slots:
        process = await asyncio.create_subprocess_exec(
            str(programs.directory / name),
            "--no-password",
            *arguments,
            env=_environment(gate, login, database),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0 and not _harmless(name, text := said.decode("utf-8", "replace")):
        lines = text.strip().splitlines()[-_LINES:]
        raise ServerError(
            f"{name} {programs.version} failed in {database}: {' | '.join(lines)}",
            hint="nothing was dropped; mend that, or back it up in another way and say --no-backup",
        )


def _harmless(name: str, said: str) -> bool:
    """Return whether all that went wrong is a setting of the program that the server lacks.

    A newer `pg_restore` begins with it and knows no other way: 17's with `transaction_timeout`.
    """
    errors = [line for line in said.splitlines() if line.startswith(f"{name}: error: ")]
    return bool(errors) and all(_NEWER_SETTING.search(line) for line in errors)


def _environment(gate: Gate, login: Login, database: str) -> Mapping[str, str]:
    endpoint = gate.endpoint
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    ours = {
        "LC_ALL": "C",
        "PGHOST": endpoint.host,
        "PGHOSTADDR": gate.address or "",
        "PGPORT": str(endpoint.port),
        "PGUSER": login.user,
        "PGPASSWORD": login.password,
        "PGDATABASE": database,
        "PGSSLMODE": endpoint.sslmode,
        "PGSSLROOTCERT": endpoint.sslrootcert or "",
        "PGCONNECT_TIMEOUT": str(max(2, round(endpoint.timeouts.connect))),
        "PGAPPNAME": APPLICATION_NAME,
        "PGGSSENCMODE": "disable",
        "PGPASSFILE": os.devnull,
        # Whatever the owner has set on the database: these beat it.
        "PGOPTIONS": startup_options(
            {
                "role": "none",
                "local_preload_libraries": "",
                "default_transaction_read_only": "off",
                "statement_timeout": "0",
                "idle_session_timeout": "0",
            }
        ),
    }
    return kept | {name: value for name, value in ours.items() if value}


def _places(directory: str | None, more: Sequence[Path]) -> list[Path]:
    if directory is not None:
        return [Path(directory)]
    places: list[Path] = []
    if on_path := shutil.which("pg_dump"):
        places.append(Path(on_path).parent)
    for root, pattern in zip(_PLACES, _PATTERNS, strict=True):
        places += [program.parent for program in sorted(Path(root).glob(pattern))]
    return [*places, *more]


def _at(place: Path) -> Programs | None:
    """Return the programs in a directory, if both are there and run."""
    versions = {_version(place / name) for name in ("pg_dump", "pg_restore")}
    if len(versions) != 1 or None in versions:
        return None
    (version,) = versions
    return Programs(place, str(version))


def _version(program: Path) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a path of the settings or the system
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+\S*)", done.stdout)
    return found[1] if done.returncode == 0 and found is not None else None
