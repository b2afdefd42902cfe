"""`pgtenant request add` and `change`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pgtenant import logs
from pgtenant.audit.record import stamp
from pgtenant.catalog.check import Format
from pgtenant.catalog.load import text_of, tree
from pgtenant.catalog.located import SyntaxProblem
from pgtenant.catalog.model import Entry
from pgtenant.cli.options import load_settings, reaching
from pgtenant.cli.plan import width
from pgtenant.cli.working import need_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.files import read_given
from pgtenant.report.document import show
from pgtenant.report.jsonout import json_text
from pgtenant.report.requests import approval, details, diff_text, entry_json, request_json
from pgtenant.requests.form import FORM
from pgtenant.requests.request import Value, given_of
from pgtenant.secrets.store import open_store
from pgtenant.settings import Settings
from pgtenant.usecases.request import add as use
from pgtenant.usecases.request.declared import shown_path
from pgtenant.usecases.request.server import server_problems


def run_add(
    *,
    environment: str | None,
    project: Path,
    source: Path | None,
    check_server: bool,
    dry_run: bool,
    skip_preflight: bool,
    style: str,
    **fields: Any,
) -> int:
    """Add an entry and say what became of it.

    Raises:
        PgtenantError: it was refused, or could not be written.
    """
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    given = gathered(environment, source, fields)
    if style == "text" and source is None and sys.stdin.isatty() and sys.stdout.isatty():
        _ask(given)
    ask = _asking(settings, str(given.get("environment"))) if check_server else None
    done = use.add(settings, given, moment=moment(), dry_run=dry_run, ask=ask)
    return _tell(settings, done, style, dry_run=dry_run)


def run_change(
    *,
    key: str,
    environment: str | None,
    project: Path,
    dry_run: bool,
    style: str,
    **fields: Any,
) -> int:
    """Change an entry and say what became of it.

    Raises:
        PgtenantError: it was refused, or could not be written.
    """
    env = need_environment(environment)
    given = _given(fields)
    if not given:
        raise UsageError(
            "there is nothing to change",
            hint="give a field, such as --size large",
            code=Code.ARGUMENTS,
        )
    settings = load_settings(project, {})
    done = use.change(settings, env, key, given, moment=moment(), dry_run=dry_run)
    return _tell(settings, done, style, dry_run=dry_run)


def moment() -> str:
    """Return the moment, such as `2026-01-31T10:30:00Z`."""
    return stamp(datetime.now(UTC))


def gathered(
    environment: str | None, source: Path | None, fields: dict[str, Any]
) -> dict[str, Value]:
    """Return the fields of a request, from a file and from flags, which override it.

    Raises:
        UsageError: the file can't be read, or contradicts the environment.
    """
    given = _from_file(source) if source is not None else {}
    if environment is not None and given.setdefault("environment", environment) != environment:
        raise UsageError(
            f"the request is for {given['environment']!s:.60}, and -e says {environment}",
            hint="leave one of them out",
            code=Code.ARGUMENTS,
        )
    return given | _given(fields)


def _given(fields: dict[str, Any]) -> dict[str, Value]:
    listed = {name: list(one) if isinstance(one, tuple) else one for name, one in fields.items()}
    return {name: one for name, one in listed.items() if one not in (None, [])}


def _from_file(source: Path) -> dict[str, Value]:
    try:
        data = sys.stdin.buffer.read() if str(source) == "-" else read_given(source)
        # JSON is YAML as well, but for what only JSON says of escapes and duplicates.
        language = Format.JSON if source.suffix.lower() == ".json" else Format.YAML
        found, wrong = given_of(tree(text_of(data), language))
    except SyntaxProblem as problem:
        raise UsageError(
            f"{source}:{problem.line}: {problem.message}", code=Code.WRONG_FILE
        ) from None
    except OSError as error:
        raise UsageError(
            f"{source} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
        ) from None
    if wrong:
        raise use.refused(found, wrong)
    return found


def _ask(given: dict[str, Value]) -> None:
    """Ask for what a request has to say and nobody has said."""
    for field in FORM:
        if field.required and field.name not in given:
            label = field.name.replace("_", " ")
            choices = f" ({', '.join(field.choices)})" if field.choices else ""
            given[field.name] = click.prompt(f"{label}{choices}", type=str).strip()


def _asking(settings: Settings, env: str) -> Callable[[Entry], Sequence[tuple[str, str]]]:
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    return lambda entry: asyncio.run(server_problems(settings, env, entry, store))


def _tell(settings: Settings, done: use.Done, style: str, *, dry_run: bool) -> int:
    paths = [shown_path(settings, one.path) for one in done.changes]
    env, entry = done.environment, done.entry
    if style == "json":
        members = entry_json(
            env,
            entry.key,
            entry,
            changed=bool(paths),
            files=paths,
            status=done.status,
            notes=list(done.notes),
            **request_json(env, entry.key, done.routing, entry.risk),
        )
        sys.stdout.write(json_text(members))
        return ExitCode.CONVERGED
    if dry_run:
        for path, one in zip(paths, done.changes, strict=True):
            sys.stdout.write(diff_text(path, one.before, one.after))
    if not paths:
        sys.stdout.write(f"{entry.key} in {env} is there as asked for; nothing was changed\n")
    else:
        what = "would be written" if dry_run else "written"
        line = f":{done.line}" if done.line else ""
        sys.stdout.write(f"{entry.key} in {env}: {what}\n")
        for path in paths:
            sys.stdout.write(f"  {path}{line if path == done.catalog else ''}\n")
    show(
        details([("next", f"a pull request; {approval(done.routing)}")], done.notes, width=width()),
        sys.stdout,
    )
    return ExitCode.CONVERGED
