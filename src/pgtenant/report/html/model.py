"""What a page is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgtenant.access.holes import Hole
from pgtenant.access.rows import Listing
from pgtenant.planning.desired import Desired
from pgtenant.planning.plan import Plan
from pgtenant.verify.findings import Finding


@dataclass(frozen=True, slots=True)
class Trail:
    """The audit of an environment.

    Attributes:
        rows: with the CSV's ten columns, oldest first.
        note: where they are from, and whether the journal beside them fits.
        doubtful: whether it does not.
    """

    rows: tuple[Mapping[str, Any], ...] = ()
    note: str = ""
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What the head of the page says; none of it is a secret.

    Attributes:
        generated: when the instance was read, ISO 8601, UTC.
        server: `host:port`.
        catalog_path: the catalog's file.
        catalog: SHA-256 of its entries.
        commit: the git commit of the project, or empty.
        version: pgtenant's.
    """

    generated: str
    server: str
    catalog_path: str
    catalog: str
    commit: str
    version: str


@dataclass(frozen=True, slots=True)
class Report:
    """One instance at one moment, beside its catalog and its past.

    Attributes:
        listing: who can do what, unfiltered.
        holes: what of it is beyond the catalog.
        findings: about the instance itself.
        record: a verification as `pgtenant verify --out` writes it, or None.
        bad_secrets: by entry, what is wrong with its secret.
    """

    about: About
    desired: Desired
    plan: Plan
    listing: Listing
    holes: tuple[Hole, ...] = ()
    findings: tuple[Finding, ...] = ()
    record: Mapping[str, Any] | None = None
    trail: Trail = field(default_factory=Trail)
    bad_secrets: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> str:
        """Whose instance it is."""
        return self.desired.environment
