"""One database with an owner, an editor and a reader: the entries that regressions share."""

from __future__ import annotations

from typing import Any

Entries = dict[str, dict[str, Any]]

ORDERS: Entries = {"orders": {"database_name": "orders", "username": "orders_user"}}
EDITOR: Entries = {
    "orders-rw": {
        "database_name": "orders",
        "username": "orders_editor",
        "access_level": "editor",
    }
}
READER: Entries = {
    "orders-ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    }
}
BILLING: Entries = {"billing": {"database_name": "billing", "username": "billing_user"}}
