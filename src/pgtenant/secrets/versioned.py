"""The versions of secrets: what a rotation needs of a store beyond reading the current text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from pgtenant.rotation.stages import Version, Versions


class VersionedStore(Protocol):
    """Reads and writes versions. Every method raises a `SecretError` that shows nothing of a text.

    Each can be repeated: what is done already changes nothing.
    """

    async def versions(self, name: str) -> Versions:
        """Return what versions a secret has.

        Raises:
            MissingSecretError: there is no such secret.
            SecretError: it can't be read.
        """
        ...

    async def text(self, name: str, version: Version, stage: str) -> str:
        """Return the text of a version.

        Args:
            name: the secret's.
            version: of it.
            stage: the label that the version has to have.

        Raises:
            MissingSecretError: the version has no text yet, or does not have the label any more.
            SecretError: it can't be read.
        """
        ...

    async def propose(self, name: str, token: str, text: str) -> Version:
        """Make a version the pending one, in place of any other.

        Args:
            name: the secret's.
            token: the id of the version, new for each text: 32 to 64 characters.
            text: its text.

        Returns:
            The version, by the id that the store gave it.
        """
        ...

    async def promote(self, name: str, version: Version, current: Version) -> None:
        """Make a pending version the current one, and the current one the previous one.

        Whoever reads meanwhile gets one or the other, whole.

        Raises:
            SecretError: not done, or another version has become current meanwhile.
        """
        ...

    async def withdraw(self, name: str, version: Version) -> None:
        """Take a pending version back, so that no rotation is under way any more."""
        ...


def open_versions(kind: Literal["aws", "file"], *, directory: str, project: Path) -> VersionedStore:
    """Return the versions of what `open_store` returns for the same settings.

    Raises:
        SecretError: `aws` needs a package that is not installed.
    """
    if kind == "file":
        from pgtenant.secrets.file_versions import FileVersions

        return FileVersions(project / directory)
    from pgtenant.secrets.aws import AwsStore
    from pgtenant.secrets.aws_versions import AwsVersions

    return AwsVersions(AwsStore().client)
