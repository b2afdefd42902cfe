"""How a run over an entry's tenants ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.planning.tenants.adding import Home
from pgtenant.planning.tenants.findings import Finding
from pgtenant.planning.tenants.outcome import Tenants, Told, gathered


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that came to its end.

    Attributes:
        errors: none: what fails ends it before.
    """

    found: Tenants
    errors: tuple[PgtenantError, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code."""
        return ExitCode.CONVERGED


@dataclass(slots=True)
class Telling:
    """Gathers what a run does, and tells it while it does."""

    home: Home
    show: Callable[[Tenants], None]
    _told: list[Told] = field(default_factory=list)
    _findings: list[Finding] = field(default_factory=list)

    @property
    def so_far(self) -> Tenants:
        """What was done."""
        return Tenants(
            entry=self.home.entry,
            database=self.home.database,
            owner=self.home.owner,
            tenants=tuple(self._told),
            findings=gathered(self._findings),
        )

    def add(self, told: Iterable[Told], findings: Iterable[Finding] = ()) -> None:
        """Note what became of tenants, and what was found of them."""
        self._told += told
        self._findings += findings

    def tell(self) -> Tenants:
        """Tell what was done."""
        found = self.so_far
        self.show(found)
        return found
