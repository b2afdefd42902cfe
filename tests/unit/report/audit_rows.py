"""Audit records as plain mappings."""

from __future__ import annotations

ENTRIES_OF = {
    "analytics_reader": "analytics-reader",
    "analytics_writer": "analytics-writer",
    "gitea_user": "gitea",
    "keycloak_user": "keycloak",
    "legacy_user": "legacy",
    "wiki_user": "wiki",
}


def row(
    username: str, database: str, action: str, status: str, message: str = ""
) -> dict[str, object]:
    return {
        "timestamp_utc": "2026-01-16T10:30:00Z",
        "environment": "dev",
        "build_id": "manual",
        "run_id": "local-1",
        "database": database,
        "username": username,
        "action": action,
        "status": status,
        "duration_ms": 12,
        "message": message,
    }


MIXED = (
    row("", "", "preflight", "success", "the admin can do every step"),
    row("keycloak_user", "keycloak", "fetch_secret", "success"),
    row("keycloak_user", "keycloak", "create_role", "success"),
    row("keycloak_user", "keycloak", "create_database", "success"),
    row("keycloak_user", "keycloak", "configure_database", "success"),
    row("analytics_reader", "analytics", "apply_grants", "success", "12 tables"),
    row("analytics_reader", "analytics", "apply_grants", "success", "1 schema"),
    row(
        "analytics_writer",
        "analytics",
        "apply_grants",
        "error",
        "permission denied for schema reports (SQLSTATE 42501): rolled back\nDETAIL: \x1b[2J",
    ),
    row("legacy_user", "legacy", "check", "blocked", "the role legacy_user is not managed"),
    row("gitea_user", "gitea_plugin", "close_database", "success"),
    row("gitea_user", "gitea_plugin", "check", "warning", "was made by its owner"),
    row("wiki_user", "wiki", "fetch_secret", "success"),
    row("wiki_user", "wiki", "check", "no_change", "as declared"),
)
UNCHANGED = (
    row("keycloak_user", "keycloak", "check", "no_change", "as declared"),
    row("wiki_user", "wiki", "check", "no_change", "as declared"),
)
DRY_RUN = (
    row("keycloak_user", "keycloak", "create_role", "dry_run"),
    row("keycloak_user", "keycloak", "create_database", "dry_run"),
    row("wiki_user", "wiki", "check", "no_change", "as declared"),
)
