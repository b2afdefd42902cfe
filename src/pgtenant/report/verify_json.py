"""A verification for programs and for the record: one JSON object, sealed with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.access.holes import Hole
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.report.acceptance import acceptance_json
from pgtenant.report.jsonout import cleaned
from pgtenant.verify.acceptance import Check, accepted
from pgtenant.verify.findings import Finding, failed
from pgtenant.verify.model import Cure, Result
from pgtenant.verify.outcome import Count, Verification

FORMAT: Final = 1
_DIGEST: Final = "digest"
_PREFIX: Final = "sha256:"


@dataclass(frozen=True, slots=True)
class About:
    """What the record says of the verification as a whole; none of it is a secret.

    Attributes:
        version: pgtenant's.
        server: `host:port`.
        admin: the role that pgtenant logged in as.
        catalog: SHA-256 of the catalog's entries.
        commit: the git commit of the project, or empty.
        actor: who ran it.
        started: ISO 8601, UTC.
        seconds: how long it took.
    """

    version: str
    server: str
    admin: str
    catalog: str
    commit: str
    actor: str
    started: str
    seconds: float


def verification_json(found: Verification, about: About) -> dict[str, Any]:
    """Return a verification as the object that `schemas/verify.schema.json` describes."""
    origins = _origins(found)
    body: dict[str, object] = {
        "pgtenant_isolation": FORMAT,
        "pgtenant_version": about.version,
        "environment": found.environment,
        "server": {
            "address": about.server,
            "version": found.server_version,
            "admin": about.admin,
        },
        "catalog": about.catalog,
        "git_commit": about.commit,
        "actor": about.actor,
        "started_utc": about.started,
        "duration_ms": round(about.seconds * 1000),
        "verdict": "failed" if found.exit_code else "passed",
        "summary": {
            **found.verdicts,
            "holes": len(found.holes or ()),
            "findings": len(found.findings),
            "failures": found.failures,
            "warnings": found.warnings,
        },
        "analysed": found.holes is not None,
        "roles": found.roles,
        "databases": found.databases,
        "connections": _count(found.connections),
        "impersonations": _count(found.impersonations),
        "seed": found.seed,
        "sessions": {"total": found.encrypted[1], "encrypted": found.encrypted[0]},
        "not_tried": list(found.sealed),
        "attempts": [_attempt(result) for result in found.results],
        "holes": [{**_hole(hole), "found_by": origins[hole]} for hole in found.holes or ()],
        "findings": [
            {**finding_json(finding), "found_by": origins[finding]} for finding in found.findings
        ],
    }
    return sealed(cleaned(body))


def instance_json(
    findings: Sequence[Finding], environment: str, checks: Sequence[Check] = ()
) -> dict[str, Any]:
    """Return what was found about the instance alone, and the criteria where they were asked."""
    good = accepted(checks) and not failed(findings)
    document = {
        "environment": environment,
        "verdict": "passed" if good else "failed",
        "findings": [finding_json(finding) for finding in findings],
    }
    return cleaned(document | ({"acceptance": acceptance_json(checks)} if checks else {}))


def sealed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with the digest of all its other members."""
    return {**body, _DIGEST: digest_of(body)}


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an object's canonical form, its member `digest` left out.

    Canonical is: keys sorted, no white space, everything beyond ASCII escaped.
    """
    body = {key: value for key, value in document.items() if key != _DIGEST}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return _PREFIX + hashlib.sha256(text.encode("ascii")).hexdigest()


def check_record(text: str, path: str) -> Mapping[str, Any]:
    """Return a record whose digest fits.

    Raises:
        UsageError: it is no record, or was edited.
    """
    try:
        document = json.loads(text)
        known = document["pgtenant_isolation"] == FORMAT
        stated = document[_DIGEST]
    except (ValueError, KeyError, TypeError, RecursionError):
        known, document, stated = False, {}, ""
    if not known:
        raise UsageError(
            f"{path} is not a record of `pgtenant verify`",
            hint="make one with `pgtenant verify -e ENV --out FILE`",
            code=Code.WRONG_FILE,
        )
    if stated != digest_of(document):
        raise UsageError(
            f"{path} was changed after it was written: its digest does not fit",
            hint="verify again; compare the digest with the one that the run printed",
            code=Code.WRONG_FILE,
        )
    checked: Mapping[str, Any] = document
    return checked


def finding_json(finding: Finding) -> dict[str, object]:
    """Return a finding about the instance."""
    return {
        "severity": str(finding.severity),
        "kind": str(finding.kind),
        "database": finding.database,
        "role": finding.role,
        "pid": finding.pid,
        "message": finding.message,
        **_cure(finding.cure),
    }


def _attempt(result: Result) -> dict[str, object]:
    attempt, seen = result.attempt, result.observation
    return {
        "kind": str(attempt.kind),
        "role": attempt.role,
        "database": attempt.database,
        "target": attempt.target,
        "expected": str(attempt.expected),
        "observed": str(seen.outcome),
        "how": str(seen.how),
        "sqlstate": seen.sqlstate,
        "said": seen.said,
        "verdict": str(result.verdict),
        **_cure(result.cure),
    }


def _cure(cure: Cure | None) -> dict[str, str]:
    if cure is None:
        return {"statement": "", "executor": "", "closable_by": "", "path": ""}
    return {
        "statement": cure.statement,
        "executor": cure.executor,
        "closable_by": str(cure.closable),
        "path": cure.path,
    }


def _hole(hole: Hole) -> dict[str, str]:
    return {
        "severity": str(hole.severity),
        "kind": str(hole.kind),
        "database": hole.database,
        "who": hole.who,
        "what": hole.what,
        "path": hole.path,
        "statement": hole.statement,
        "executor": hole.executor,
        "closable_by": str(hole.closable_by),
    }


def _origins(found: Verification) -> Mapping[Hole | Finding, list[str]]:
    """Return for each hole and finding by what all it was found."""
    origins: dict[Hole | Finding, list[str]] = {}
    for cause in found.causes:
        words = [str(origin) for origin in cause.origins]
        origins |= dict.fromkeys(cause.holes, words) | dict.fromkeys(cause.findings, words)
    return origins


def _count(count: Count) -> dict[str, int]:
    return {
        "pairs": count.total,
        "attempted": count.attempted,
        "proven_by_catalog": count.proven,
    }
