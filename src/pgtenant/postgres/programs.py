"""PostgreSQL's own programs: which ones, and how they are run."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, ServerError
from pgtenant.postgres.connect import APPLICATION_NAME, Endpoint, Gate, Login
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
        code=Code.MISSING_PROGRAM,
    )


async def run_program(
    programs: Programs,
    name: str,
    arguments: Sequence[str],
    *,
    gate: Gate,
    login: Login,
    database: str,
    seconds: float,
) -> None:
    """Run one of the programs on a connection of the gate's budget, for at most `seconds`.

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
            env=_environment(gate.endpoint, login, database) | _armour(gate),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(seconds):
                _, said = await process.communicate()
        except TimeoutError:
            raise ServerError(
                f"{name} {programs.version} took more than {seconds:g} s in {database}",
                hint="nothing was dropped; [retire] timeout allows more, unless it hangs in a"
                " function of the database",
                code=Code.DUMP_FAILED,
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    text = said.decode("utf-8", "replace")
    if process.returncode != 0 and not (process.returncode == 1 and _harmless(name, text)):
        lines = text.strip().splitlines()[-_LINES:]
        raise ServerError(
            f"{name} {programs.version} failed in {database}: {' | '.join(lines)}",
            hint="nothing was dropped; mend that, or back it up in another way and say --no-backup",
            code=Code.DUMP_FAILED,
        )


def _harmless(name: str, said: str) -> bool:
    """Return whether all that went wrong is a setting of the program that the server lacks.

    A newer `pg_restore` begins with it and knows no other way: 17's with `transaction_timeout`.
    """
    errors = [line for line in said.splitlines() if line.startswith(f"{name}: error: ")]
    return bool(errors) and all(_NEWER_SETTING.search(line) for line in errors)


def find_psql() -> str:
    """Return the psql of the PATH.

    Raises:
        PgtenantError: there is none.
    """
    found = shutil.which("psql")
    if found is None:
        raise PgtenantError(
            "there is no psql on the PATH",
            hint="install PostgreSQL's client programs, such as Debian's postgresql-client",
            code=Code.MISSING_PROGRAM,
        )
    return found


def become_psql(
    program: str, arguments: Sequence[str], endpoint: Endpoint, login: Login, database: str
) -> NoReturn:
    """Replace this process by psql, which then has its terminal, its signals and its exit code.

    The password is in its environment, which only this user can read, and never among the
    arguments, which everybody can.

    Raises:
        PgtenantError: it can't be run.
    """
    # Handlers go with this program; what it ignores would stay ignored.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(  # noqa: S606 - no shell wanted
            program,
            ["psql", "--no-password", *arguments],
            _environment(endpoint, login, database),
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "an argument holds a NUL character"
    raise PgtenantError(
        f"{program} can't be run: {why}",
        hint="check what the PATH leads to",
        code=Code.MISSING_PROGRAM,
    )


def _environment(endpoint: Endpoint, login: Login, database: str) -> dict[str, str]:
    """Return the environment of a program, with libpq's variables and no others of PostgreSQL."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    ours = {
        "PGHOST": endpoint.host,
        "PGPORT": str(endpoint.port),
        "PGUSER": login.user,
        "PGPASSWORD": login.password,
        "PGDATABASE": database,
        "PGSSLMODE": endpoint.sslmode,
        "PGSSLROOTCERT": endpoint.sslrootcert or "",
        "PGCONNECT_TIMEOUT": str(max(2, round(endpoint.timeouts.connect))),
        "PGGSSENCMODE": "disable",
        "PGPASSFILE": os.devnull,
    }
    return kept | {name: value for name, value in ours.items() if value}


def _armour(gate: Gate) -> dict[str, str]:
    """Return what makes a program's session like our own.

    Whatever the owner has set on the database: the options beat it.
    """
    address = {"PGHOSTADDR": gate.address} if gate.address else {}
    return address | {
        "LC_ALL": "C",
        "PGAPPNAME": APPLICATION_NAME,
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
