"""`pgtenant render cnpg`."""

from __future__ import annotations

import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from pgtenant.cli.options import load_settings
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import chosen_environment
from pgtenant.errors import ExitCode
from pgtenant.report.gitops import NOTHING, File, Rendered, rendered_json
from pgtenant.report.jsonout import json_text
from pgtenant.report.requests import diff_text
from pgtenant.report.safe import shown
from pgtenant.secrets.store import open_store
from pgtenant.usecases.cnpg_audit import Audited
from pgtenant.usecases.cnpg_look import Asked
from pgtenant.usecases.identity import run_id
from pgtenant.usecases.render_cnpg import Done, render


def run_render_cnpg(
    *,
    environment: str | None,
    project: Path,
    keys: tuple[str, ...],
    check: bool,
    reseal: bool,
    adopt: bool,
    namespaces: tuple[str, ...],
    style: str,
) -> int:
    """Write the manifests, or say what would be written.

    Raises:
        PgtenantError: something does not fit; nothing was written.
    """
    settings = load_settings(project, {})
    env = chosen_environment(environment, settings)
    asked = Asked(
        keys=keys,
        check=check,
        reseal=reseal,
        adopt=adopt,
        namespaces=namespaces,
        now=datetime.now(UTC),
    )
    try:
        done = render(
            settings,
            env,
            asked,
            lambda: open_store(
                settings.secrets.store, directory=settings.secrets.directory, project=settings.root
            ),
            Audited(settings, env, os.environ, run_id(os.environ, secrets.token_hex(4))),
        )
    except Exception as unexpected:
        error = as_error(unexpected)
        if style == "json" and error.exit_code < ExitCode.USAGE:
            found = rendered_json(NOTHING, env, written=False)
            sys.stdout.write(json_text(found | {"error": as_json(error)}))
        raise
    if style == "json":
        found = rendered_json(rendered_of(done), env, written=not check)
        sys.stdout.write(json_text(found))
    else:
        _tell(done, env, check=check)
    if check and (done.changes or done.unsealed):
        return ExitCode.CHANGES
    return done.exit_code


def rendered_of(done: Done) -> Rendered:
    """Return what became of the manifests, for a report."""
    files = [File(done.display[one.path], one.before, one.after) for one in done.changes]
    return Rendered(
        files,
        done.unsealed,
        done.blocked,
        done.retired,
        done.gone,
        done.former,
        done.unlisted,
    )


def _tell(done: Done, env: str, *, check: bool) -> None:
    paths = [done.display[one.path] for one in done.changes]
    if check:
        for path, why in done.unsealed.items():
            sys.stdout.write(f"{path}: {shown(why)}\n")
        for path, one in zip(paths, done.changes, strict=True):
            sys.stdout.write(diff_text(path, one.before, one.after))
    elif paths:
        sys.stdout.write("written:\n" + "".join(f"  {path}\n" for path in paths))
    if not paths and not done.unsealed:
        sys.stdout.write(f"the manifests of {env} are as the catalog says\n")
    _tell_left(done, env)


def _tell_left(done: Done, env: str) -> None:
    """Say what the files leave out."""
    if done.unlisted:
        sys.stderr.write(
            f"the kustomization beside them does not list {', '.join(map(shown, done.unlisted))}:"
            " Argo CD applies only what stands under its resources\n"
        )
    for key, why in done.blocked.items():
        sys.stderr.write(f"{key} is blocked: {shown(why)}\n")
    for key, since in done.retired.items():
        sys.stderr.write(
            f"{shown(key)} is out of service since {shown(since)}, and nothing of it is written:"
            f" `pgtenant retire -e {env} {shown(key)}` goes on, or with --undo back\n"
        )
    for key, role in done.gone.items():
        sys.stderr.write(
            f"retired? the role {shown(role)} is of {shown(key)}, which the catalog has no more; it"
            " stays as it is\n"
        )
    for role, key in done.former.items():
        sys.stderr.write(
            f"retired? the role {shown(role)} was {shown(key)}'s, which has another username now;"
            " it stays as it is, and can log in\n"
        )
