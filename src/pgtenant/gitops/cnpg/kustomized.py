"""What of a directory's manifests a `kustomization.yaml` beside them leaves out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Final

from pgtenant.catalog.edit import EditError
from pgtenant.gitops.cnpg.documents import documents

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What kustomize calls the file."""


def unlisted(text: str, files: Iterable[str]) -> tuple[str, ...]:
    """Return the files that a kustomization does not list, sorted; none where it can't be read.

    Args:
        text: the kustomization.
        files: relative to its directory.
    """
    try:
        listed = [
            posixpath.normpath(one.value)
            for document in documents(text)
            for one in document.items_at("resources")
            if isinstance(one.value, str)
        ]
    except EditError:
        return ()
    return tuple(sorted({*files} - {*listed}))
