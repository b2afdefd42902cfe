"""The entry with tenants that the fourth document describes."""

from __future__ import annotations

from typing import Any, Final

USER: Final = "app_user"
DATABASE: Final = "qualisys_master"
ENTRY: Final[dict[str, Any]] = {
    "database_name": DATABASE,
    "username": USER,
    "createdb": False,
    "tenancy": {},
}
