"""`pgtenant request list`, `show`, `route`, `status` and `form`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from pgtenant.cli.options import load_settings
from pgtenant.cli.plan import width
from pgtenant.cli.stdout import terminal_width
from pgtenant.cli.working import chosen_environment, need_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.report.document import show
from pgtenant.report.jsonout import json_text
from pgtenant.report.pull_request import body
from pgtenant.report.requests import (
    approval,
    details,
    entry_json,
    list_text,
    policy_text,
    request_json,
    route_json,
    routing_json,
    row,
)
from pgtenant.requests.routing import route, route_of
from pgtenant.requests.status import Status
from pgtenant.settings import Settings, check_environment
from pgtenant.together import is_half_done
from pgtenant.usecases.request.expected import described
from pgtenant.usecases.request.form import backstage_template, request_schema
from pgtenant.usecases.request.look import Listed, listed, shown
from pgtenant.usecases.request.status import from_audit as all_from_audit
from pgtenant.usecases.request.status import set_status


def run_list(*, environment: str | None, project: Path, style: str) -> int:
    """Print what there is.

    Raises:
        PgtenantError: it could not be read.
    """
    settings = load_settings(project, {})
    found = listed(settings, environment)
    _say_if_half_done(settings)
    if style == "json":
        sys.stdout.write(json_text({"databases": [_listed_json(one) for one in found]}))
    else:
        rows = [row(o.environment, o.key, o.entry, o.status, o.record) for o in found]
        show(list_text(rows, columns=terminal_width()), sys.stdout)
    return ExitCode.CONVERGED


def run_show(*, key: str, environment: str | None, project: Path, style: str) -> int:
    """Print one entry.

    Raises:
        PgtenantError: there is none, or it could not be read.
    """
    settings = load_settings(project, {})
    env = chosen_environment(environment, settings)
    found = shown(settings, env, key)
    _say_if_half_done(settings)
    one = found.listed
    if style == "markdown":
        sys.stdout.write(body(described(settings, found)))
        return ExitCode.CONVERGED
    if style == "json":
        risk = one.record.get("metadata.risk") if one.entry is None else one.entry.risk
        more = request_json(env, key, found.routing, risk)
        sys.stdout.write(json_text(_listed_json(one) | {"secret": found.secret, **more}))
        return ExitCode.CONVERGED
    heads = ("environment", "key", "database", "user", "level", "status", "owner", "risk", "size")
    cells = row(env, key, one.entry, one.status, one.record)
    asked = ("requested by", one.record.get("metadata.requested_by", ""))
    pairs = [
        *zip(heads, cells, strict=True),
        asked,
        ("requested on", one.record.get("metadata.created_date", "")),
        ("secret", found.secret),
        ("route", approval(found.routing)),
    ]
    show(details(pairs, (), width=width()), sys.stdout)
    return ExitCode.CONVERGED


def _listed_json(one: Listed) -> dict[str, object]:
    record = dict(one.record) or None
    return entry_json(one.environment, one.key, one.entry, status=one.status, record=record)


def run_route(
    *,
    key: str | None,
    environment: str | None,
    project: Path,
    risk: str | None,
    size: str | None,
    style: str,
) -> int:
    """Print who has to approve.

    Raises:
        PgtenantError: there is no such entry, or the policy is wrong.
    """
    settings = load_settings(project, {})
    policy = settings.requests
    if key is None and environment is None:
        if risk or size:
            raise UsageError(
                "a route depends on the environment", hint="give -e ENV", code=Code.ARGUMENTS
            )
        route(policy, "", None, None)  # a policy that is wrong is no policy
        if style == "json":
            routes = [route_json(one) for one in policy.routes]
            members = {"routes": routes, "default_approvers": list(policy.approvers)}
            sys.stdout.write(json_text(members))
        else:
            show(policy_text(policy), sys.stdout)
        return ExitCode.CONVERGED
    env = check_environment(chosen_environment(environment, settings))
    entry = None if key is None else shown(settings, env, key).listed.entry
    if entry is None:
        found = route(policy, env, risk, size)
    else:
        # What the flags say stands for a change that is only thought of.
        thought = replace(entry, risk=risk or entry.risk, size=size or entry.size)
        found = route_of(policy, env, thought)
    if style == "json":
        sys.stdout.write(json_text({"environment": env, **routing_json(found)}))
    else:
        sys.stdout.write(f"{approval(found)}\n")
    return ExitCode.CONVERGED


def run_status(
    *,
    key: str | None,
    status: str | None,
    environment: str | None,
    project: Path,
    from_audit: bool,
    at_least: str | None,
    style: str,
) -> int:
    """Move one entry, or all that a run has reached.

    Raises:
        PgtenantError: it is not possible.
    """
    env = need_environment(environment)
    if from_audit == (key is not None) or (key is not None and status is None):
        raise UsageError("give KEY and STATUS, or --from-audit alone", code=Code.ARGUMENTS)
    if at_least is not None and not from_audit:
        raise UsageError("--at-least goes with --from-audit", code=Code.ARGUMENTS)
    settings = load_settings(project, {})
    if key is not None and status is not None:
        moves = [set_status(settings, env, key, Status(status))]
    else:
        least = None if at_least is None else Status(at_least)
        moves = [*all_from_audit(settings, env, at_least=least)]
    if style == "json":
        rows = [{"key": m.key, "before": str(m.before), "after": str(m.after)} for m in moves]
        sys.stdout.write(json_text({"environment": env, "moves": rows}))
        return ExitCode.CONVERGED
    for move in moves:
        arrow = "is" if move.before == move.after else f"was {move.before}, is now"
        sys.stdout.write(f"{move.key} in {env} {arrow} {move.after}\n")
    if not moves:
        sys.stdout.write(f"no status in {env} has changed\n")
    return ExitCode.CONVERGED


def _say_if_half_done(settings: Settings) -> None:
    if is_half_done(settings.root):
        sys.stderr.write(
            "warning: a request is being written, or was interrupted: the catalog, the records and"
            " the entities may say different things. The next request that writes finishes it\n"
        )


def run_form(*, project: Path, style: str) -> int:
    """Print the form.

    Raises:
        PgtenantError: the settings don't say enough, or could not be read.
    """
    settings = load_settings(project, {})
    if style == "backstage":
        sys.stdout.write(backstage_template(settings))
    else:
        sys.stdout.write(json_text(request_schema(settings)))
    return ExitCode.CONVERGED
