"""`[acceptance]`: what `pgtenant verify instance` expects beyond the documents' defaults."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.settings.templates import expand


@dataclass(frozen=True, slots=True)
class AcceptanceSettings:
    """What holds for the criteria of an instance.

    Attributes:
        instance: a template of its identifier in AWS; None leaves it to its host name.
        production: the environments that have to be Multi-AZ and protected from deletion.
    """

    instance: str | None
    production: tuple[str, ...]

    def instance_of(self, env: str) -> str | None:
        """Return the identifier of an environment's instance, or None."""
        return None if self.instance is None else expand(self.instance, {"env": env})
