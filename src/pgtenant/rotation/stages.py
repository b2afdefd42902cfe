"""The versions of one secret, and what their labels say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

CURRENT: Final = "AWSCURRENT"
PENDING: Final = "AWSPENDING"
PREVIOUS: Final = "AWSPREVIOUS"

MOST_BYTES: Final = 65_536
"""How much text a version can have: Secrets Manager's own limit, kept in files as well."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a secret; its text is read separately.

    Attributes:
        id: the store's name for it; a rotation's is its token.
        stages: its labels, of which others than ours are left alone.
        created: when it was made, with a timezone; None where the store did not say.
    """

    id: str
    stages: frozenset[str]
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """All that a store tells of a secret without giving its text away.

    Attributes:
        name: the secret's.
        versions: all that have a label.
        automatic: whether Secrets Manager rotates it by itself.
        owner: the AWS service that keeps it (`rds`), or empty.
    """

    name: str
    versions: tuple[Version, ...]
    automatic: bool = False
    owner: str = ""

    def find(self, version_id: str) -> Version | None:
        """Return a version by its id."""
        return next((one for one in self.versions if one.id == version_id), None)

    @property
    def current(self) -> Version | None:
        """The version that everybody reads."""
        return self._labelled(CURRENT)

    @property
    def pending(self) -> Version | None:
        """The version of a rotation that is under way.

        A finished one may keep the label, also when another has become current since.
        """
        found = self._labelled(PENDING)
        return None if found is None or found.stages & {CURRENT, PREVIOUS} else found

    @property
    def previous(self) -> Version | None:
        """The version before the current one."""
        return self._labelled(PREVIOUS)

    def _labelled(self, stage: str) -> Version | None:
        return next((one for one in self.versions if stage in one.stages), None)
