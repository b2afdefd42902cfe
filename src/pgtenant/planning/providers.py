"""Roles that belong to whoever runs the server: nobody here made them, or can change them."""

from __future__ import annotations

from typing import Final

_NAMES: Final = frozenset(
    {
        "rdsadmin",
        "rdsrepladmin",
        "rdstopmgr",
        "rds_superuser",
        "rds_password",
        "rds_replication",
        "rds_iam",
        "rds_ad",
        "rds_extension",
        "rds_reserved",
        "streaming_replica",
        "cnpg_pooler_pgbouncer",
        "cloudsqladmin",
        "cloudsqlagent",
        "cloudsqlsuperuser",
        "cloudsqlreplica",
        "cloudsqlimportexport",
        "azuresu",
        "azure_superuser",
        "azure_pg_admin",
    }
)
SYSTEM_DATABASES: Final = ("postgres", "template1")
"""What `initdb` leaves open to everyone, besides `template0`, which lets nobody in."""


def is_provider(name: str, *, bootstrap: bool = False) -> bool:
    """Return whether a role is PostgreSQL's or the provider's own.

    Args:
        name: the role.
        bootstrap: whether it is the superuser that `initdb` made.
    """
    return bootstrap or name in _NAMES or name.startswith("pg_")
