"""Who has to approve a request, by the policy in the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.model import FIELDS, AccessLevel, Entry
from pgtenant.catalog.shown import did_you_mean
from pgtenant.codes import Code
from pgtenant.errors import SettingsError
from pgtenant.requests.form import SMALLEST
from pgtenant.settings import RequestsSettings, Route

_BRANCHES: Final = "database/create-"


@dataclass(frozen=True, slots=True)
class Routing:
    """What becomes of a request.

    Attributes:
        approvers: who has to approve, each once, in the policy's order.
        routes: the rules that hold; none when the request falls to the default approvers.
    """

    approvers: tuple[str, ...]
    routes: tuple[Route, ...]

    @property
    def self_serve(self) -> bool:
        """Whether nobody has to approve."""
        return not self.approvers


def route(
    policy: RequestsSettings,
    environment: str,
    risk: str | None,
    size: str | None,
    *,
    level: AccessLevel = AccessLevel.OWNER,
    secret: str | None = None,
) -> Routing:
    """Tell who has to approve a request.

    A request that no rule is about goes to the default approvers, and one that only rules without
    approvers are about goes to nobody. Whoever reads or edits what another role owns is of the risk
    `access` besides its own; that, and a secret that Terraform does not make, is never self-serve.

    Args:
        policy: the rules.
        environment: the entry's.
        risk: the entry's.
        size: the entry's.
        level: what it may do in its database.
        secret: the name of its secret, if it has one of its own.

    Raises:
        SettingsError: the policy names a risk or a size that there is not.
    """
    _check(policy.routes)
    size = size or SMALLEST
    shares = level is not AccessLevel.OWNER
    risks = {risk, "access"} if shares else {risk}
    routes = tuple(
        one
        for one in policy.routes
        if (not one.environments or environment in one.environments)
        and (not one.risks or not risks.isdisjoint(one.risks))
        and (not one.sizes or size in one.sizes)
    )
    found = tuple(dict.fromkeys(approver for one in routes for approver in one.approvers))
    alone = bool(routes) and not shares and secret is None
    return Routing(found if found or alone else policy.approvers, routes)


def route_of(policy: RequestsSettings, environment: str, entry: Entry) -> Routing:
    """Tell who has to approve a request for an entry. Errors are those of `route`."""
    return route(
        policy,
        environment,
        entry.risk,
        entry.size,
        level=entry.access_level,
        secret=entry.secret,
    )


def labels(environment: str, risk: str | None) -> tuple[str, ...]:
    """Return the labels of a request's pull request."""
    return ("rds-database", environment, f"{risk or 'unknown'}-risk")


def branch(environment: str, key: str) -> str:
    """Return the branch of a request's pull request."""
    return f"{_BRANCHES}{environment}-{key}"


def is_branch(name: str) -> bool:
    """Tell whether a branch is that of a request."""
    return name.startswith(_BRANCHES)


def _check(routes: Sequence[Route]) -> None:
    choices = {spec.name: spec.choices for spec in FIELDS}
    for number, one in enumerate(routes, start=1):
        for field, words in (("risk", one.risks), ("size", one.sizes)):
            for word in words:
                if word not in choices[field]:
                    near = did_you_mean(word, choices[field])
                    raise SettingsError(
                        f"requests.routes: number {number} is about the {field} {word!r}, which no"
                        f" entry can have{near}",
                        hint=f"it is one of {', '.join(choices[field])}",
                        code=Code.SETTINGS,
                    )
