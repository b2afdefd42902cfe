"""`pgtenant render external-secret`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pgtenant.cli.options import load_settings
from pgtenant.cli.working import chosen_environment
from pgtenant.errors import ExitCode
from pgtenant.files import replace_given, writing
from pgtenant.gitops.manifest import text_of
from pgtenant.usecases.external_secrets import Asked, external_secrets


def run_external_secret(
    *,
    environment: str | None,
    project: Path,
    keys: tuple[str, ...],
    v1beta1: bool,
    out: Path | None,
    **wanted: Any,
) -> int:
    """Write the manifests.

    Raises:
        PgtenantError: the catalog is wrong, or something that was asked for does not fit.
    """
    settings = load_settings(project, {})
    env = chosen_environment(environment, settings)
    asked = Asked(keys=keys, version="v1beta1" if v1beta1 else "v1", **wanted)
    rendered = external_secrets(settings, env, asked)
    text = text_of(
        [one.manifest for one in rendered],
        head=f"Made by `pgtenant render external-secret -e {env}`. It holds no secret.",
    )
    if out is None:
        sys.stdout.write(text)
    else:
        with writing("the manifest", out):
            replace_given(out, text.encode())
    for one in rendered:
        if one.refresh.late:
            sys.stderr.write(
                f"{one.key} has a single login: for up to {one.refresh.late} after a rotation its"
                ' new connections fail; rotation = "alternate" leaves no such time\n'
            )
    return ExitCode.CONVERGED
