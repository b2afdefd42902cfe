"""`pgtenant request open`, `rebuild` and `review`: requests on GitHub."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pgtenant.cli.options import load_settings
from pgtenant.cli.request import gathered, moment
from pgtenant.codes import Code
from pgtenant.errors import CatalogError, ExitCode, PgtenantError, UsageError
from pgtenant.forge.git import Git, Person
from pgtenant.forge.github import ANY_WORKFLOW, GitHub, from_environment
from pgtenant.report.jsonout import json_text
from pgtenant.report.safe import shown
from pgtenant.requests.routing import labels
from pgtenant.settings import Settings
from pgtenant.usecases.request.open import Opened, open_request
from pgtenant.usecases.request.rebuild import Fate, Rebuilt, rebuild
from pgtenant.usecases.request.repository import Proposed, Starter, kept_inside
from pgtenant.usecases.request.review import Reviewed, review

_BOT: Final = Person("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")


def run_open(
    *,
    environment: str | None,
    project: Path,
    source: Path | None,
    base: str | None,
    remote: str,
    style: str,
    **fields: Any,
) -> int:
    """Open the pull request of a request, and say where it is.

    Raises:
        PgtenantError: it was refused, or git or GitHub failed.
    """
    given = gathered(environment, source, fields)
    forge, starter = from_environment(os.environ), _starter(os.environ)
    if forge.app and starter.login == ANY_WORKFLOW:
        raise UsageError(
            f"{ANY_WORKFLOW} has started this: nobody knows for whom",
            hint="anybody may have written the workflow that did; start it as yourself or an App",
            code=Code.UNTRUSTED_ORIGIN,
        )
    usual = _load(project).requests.base
    if forge.app and base not in {None, "", usual}:
        raise UsageError(
            f"with an App, requests target {usual}, and not {shown(base or '')}",
            hint="anybody may have made that branch, and settings there with it",
            code=Code.UNTRUSTED_ORIGIN,
        )
    opened = open_request(
        _git(project, remote),
        forge,
        _load,
        given,
        base=base or usual,
        moment=moment(),
        starter=starter,
    )
    if style == "json":
        sys.stdout.write(json_text(_opened_json(opened)))
    elif opened.pull_request is None:
        done = opened.done
        sys.stdout.write(
            f"{done.entry.key} in {done.environment} is there as asked for; nothing was opened\n"
        )
    else:
        what = "opened" if opened.created else "is open already"
        sys.stdout.write(f"{opened.pull_request.url} {what}, from {opened.branch}\n")
    return ExitCode.CONVERGED


def run_rebuild(*, project: Path, base: str | None, remote: str, style: str) -> int:
    """Rebuild open requests, and say what became of each.

    Raises:
        PgtenantError: git or GitHub failed.
    """
    target = base or _load(project).requests.base
    git, forge = _git(project, remote), from_environment(os.environ)
    found = rebuild(git, forge, _load, target)
    failed = [one for one in found if one.fate is Fate.FAILED]
    notes = [f"{one.pull_request.url}: {shown(one.reason)}" for one in failed]
    for note in notes:
        sys.stderr.write(f"{note}\n")
    if target == _load(project).requests.base:  # what targets another branch has no status
        notes += _reviews(git, forge, target)
    if style == "json":
        members = {"base": target, "pull_requests": [_rebuilt_json(one) for one in found]}
        sys.stdout.write(json_text(members))
        return ExitCode.FAILED if notes else ExitCode.CONVERGED
    for one in found:
        why = f": {shown(one.reason)}" if one.reason else ""
        sys.stdout.write(f"{one.pull_request.url} {one.fate}{why}\n")
    if not found:
        sys.stdout.write(f"no request for {shown(target)} is open\n")
    return ExitCode.FAILED if notes else ExitCode.CONVERGED


def _reviews(git: Git, forge: GitHub, base: str) -> Iterator[str]:
    """Review what is open, say what is wrong, and yield what stood in the way of a review.

    What was rebuilt has no approvals yet, and what a workflow pushes starts no other. What was not
    is judged by what it would be merged into, which is another by now.
    """
    for one in forge.pull_requests(base=base):
        try:
            review(git, forge, _load, one.number, base=base)
        except PgtenantError as error:
            said = f"{one.url}: {shown(error.message)}"
            sys.stderr.write(f"{said}\n")
            if not isinstance(error, (CatalogError, UsageError)):  # which its status says
                yield said


def run_review(
    *, number: int | None, branch: str | None, project: Path, remote: str, style: str
) -> int:
    """Say whether a pull request has its approvals.

    Raises:
        PgtenantError: it is not valid, or git or GitHub failed.
    """
    if (number is None) == (branch is None):
        raise UsageError("give the number of a pull request, or --branch", code=Code.ARGUMENTS)
    forge, base = from_environment(os.environ), _load(project).requests.base
    if branch is not None:
        there = forge.pull_requests(base=base, branch=branch)
        if not there:
            sys.stderr.write(f"no pull request from {shown(branch)} to {base} is open\n")
            return ExitCode.CONVERGED
        number = there[0].number
    assert number is not None  # noqa: S101 - one of them is given
    found = review(_git(project, remote), forge, _load, number, base=base)
    if style == "json":
        sys.stdout.write(json_text(_reviewed_json(found)))
    else:
        for one in found.proposed:
            sys.stdout.write(f"{one.key} in {one.environment}: {_what(one)}\n")
        if found.unasked:
            sys.stdout.write("it is more than one new request as `pgtenant request` writes it\n")
        for note in found.notes:
            sys.stdout.write(f"note: {shown(note)}\n")
        sys.stdout.write(f"{shown(found.said)}\n")
    return ExitCode.CONVERGED if found.decision.stands else ExitCode.APPROVAL_REQUIRED


def _load(project: Path) -> Settings:
    return kept_inside(load_settings(project, {}))


def _git(project: Path, remote: str) -> Git:
    return Git(project, remote, _BOT if os.environ.get("GITHUB_ACTIONS") == "true" else None)


def _starter(environ: Mapping[str, str]) -> Starter:
    """Return who started the workflow: GitHub vouches for it."""
    login, account = environ.get("GITHUB_ACTOR", ""), environ.get("GITHUB_ACTOR_ID", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not login:
        return Starter("", None, "")
    number = f"{account}+" if account else ""
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    run = "{}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}".format(server, **environ)
    return Starter(login, Person(login, f"{number}{login}@users.noreply.github.com"), run)


def _opened_json(opened: Opened) -> dict[str, object]:
    pull, done = opened.pull_request, opened.done
    return {
        "environment": done.environment,
        "key": done.entry.key,
        "branch": opened.branch,
        "labels": list(labels(done.environment, done.entry.risk)),
        "created": opened.created,
        "pull_request": None if pull is None else {"number": pull.number, "url": pull.url},
    }


def _rebuilt_json(one: Rebuilt) -> dict[str, object]:
    pull = one.pull_request
    return {
        "number": pull.number,
        "url": pull.url,
        "branch": pull.branch,
        "fate": one.fate.name.lower(),
        "reason": one.reason,
    }


def _reviewed_json(found: Reviewed) -> dict[str, object]:
    decision = found.decision
    return {
        "number": found.pull_request.number,
        "entries": [
            {"environment": one.environment, "key": one.key, "what": _what(one)}
            for one in found.proposed
        ],
        "one_request": bool(found.proposed) and not found.unasked,
        "approvers": list(found.approvers),
        "approved": {name: list(logins) for name, logins in decision.approved.items()},
        "missing": list(decision.missing),
        "against": list(decision.against),
        "stands": decision.stands,
        "notes": list(found.notes),
    }


def _what(one: Proposed) -> str:
    if one.before is None:
        return "added"
    return "removed" if one.after is None else "changed"
