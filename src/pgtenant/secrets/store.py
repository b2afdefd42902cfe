"""Where secrets are read from, and the few that are ours to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pgtenant.errors import SecretError


class SecretStore(Protocol):
    """Reads and writes the text of secrets by name. It knows nothing of what they hold."""

    async def fetch(self, names: Sequence[str]) -> Mapping[str, str | SecretError]:
        """Read secrets concurrently.

        Args:
            names: the secrets' names; a name that comes twice is read once.

        Returns:
            For every name the secret's text, or the error that reading it ended with. One
            bad secret does not keep the others from being read.
        """
        ...

    def version(self, name: str) -> str:
        """Return the version of a secret that `fetch` has read; empty where the store has none.

        Equal versions have equal texts. It tells nothing of the text, and is no secret.
        """
        ...

    async def put(self, name: str, text: str) -> None:
        """Write a secret: make it when it is missing, else give it a new current value.

        Whoever reads meanwhile gets the old text or the new one, never a part.

        Raises:
            SecretError: it could not be written; the message shows nothing of the text.
        """
        ...


def open_store(kind: Literal["aws", "file"], *, directory: str, project: Path) -> SecretStore:
    """Return the store that the settings ask for; nothing is read yet.

    Args:
        kind: `[secrets] store`.
        directory: `[secrets] directory`, relative to the project; only `file` uses it.
        project: the project's directory.

    Raises:
        SecretError: `aws` needs a package that is not installed.
    """
    if kind == "file":
        from pgtenant.secrets.files import FileStore

        return FileStore(project / directory)
    from pgtenant.secrets.aws import AwsStore

    return AwsStore()
