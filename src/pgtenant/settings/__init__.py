"""The settings of a platform repository: `pgtenant.toml`, `PGTENANT_*` and flags.

Paths in them are relative to the project (`--project`). Nothing here touches a secret.
"""

from pgtenant.settings.load import FILE_NAME, load
from pgtenant.settings.model import (
    Environment,
    NamingSettings,
    ProjectSettings,
    SecretsSettings,
    ServerSettings,
    Settings,
    check_environment,
)
from pgtenant.settings.requests import RequestsSettings, Route
from pgtenant.settings.specs import SPECS, Spec

__all__ = [
    "FILE_NAME",
    "SPECS",
    "Environment",
    "NamingSettings",
    "ProjectSettings",
    "RequestsSettings",
    "Route",
    "SecretsSettings",
    "ServerSettings",
    "Settings",
    "Spec",
    "check_environment",
    "load",
]
