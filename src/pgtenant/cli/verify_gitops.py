"""`pgtenant verify gitops`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pgtenant.cli.leads import judged
from pgtenant.cli.options import load_settings
from pgtenant.cli.plan import width
from pgtenant.cli.working import chosen_environment
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.gitops.cnpg.status import Check, Verdict
from pgtenant.kubernetes.kubectl import Kubectl
from pgtenant.report.document import EMPTY, Line, Style, document, line, paragraph, show
from pgtenant.report.gitops import checks_json
from pgtenant.report.jsonout import json_text
from pgtenant.report.safe import shown
from pgtenant.usecases.verify_gitops import verify_gitops

_MARKS = {Verdict.GOOD: "ok", Verdict.BAD: "not ok", Verdict.UNKNOWN: "?"}
_STYLES = {Verdict.GOOD: Style.GOOD, Verdict.BAD: Style.BAD, Verdict.UNKNOWN: Style.WARN}


def run_verify_gitops(
    *, environment: str | None, project: Path, context: str | None, style: str, **others: Any
) -> int:
    """Ask the cluster and print.

    Raises:
        PgtenantError: the catalog or a manifest can't be read.
    """
    if style == "markdown":
        raise UsageError("verify gitops has no --format markdown", code=Code.ARGUMENTS)
    flags = ("out", "check", "rds", "only_server", "public")
    if given := [name for name in flags if others[name] not in (None, False, ())]:
        raise UsageError(
            f"verify gitops has no --{given[0].replace('_', '-')}", code=Code.ARGUMENTS
        )
    settings = load_settings(project, {})
    env = chosen_environment(environment, settings)
    checks = list(verify_gitops(settings, env, Kubectl(context)))
    if style == "json":
        sys.stdout.write(json_text(checks_json(checks, env)))
    else:
        show(document(_lines(env, checks)), sys.stdout)
    return judged(all(one.verdict is Verdict.GOOD for one in checks), Code.NOT_AS_IN_GIT)


def _lines(env: str, checks: Sequence[Check]) -> Iterator[Line]:
    before = ""
    for one in checks:
        if one.entry != before:
            yield EMPTY
            yield line(shown(one.entry), Style.TITLE)
        before = one.entry
        cure = f"; {one.cure}" if one.cure else ""
        yield from paragraph(
            f"{shown(one.what)}: {shown(one.message)}{shown(cure)}",
            width=width(),
            indent=2,
            mark=_MARKS[one.verdict].ljust(6),
            mark_style=_STYLES[one.verdict],
        )
    counts = Counter(one.verdict for one in checks)
    yield EMPTY
    yield line(
        f"{env}: {counts[Verdict.GOOD]} as they should be, {counts[Verdict.BAD]} not,"
        f" {counts[Verdict.UNKNOWN]} could not be checked"
    )
