"""What a user of pg-sync-roles writes; runs in its environment.

python sync_roles.py FILE
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import sqlalchemy as sa

# In another environment than the one that mypy sees.
from pg_sync_roles import (  # type: ignore[import-not-found]
    DatabaseConnect,
    Login,
    SchemaUsage,
    TableSelect,
    sync_roles,
)


def main(path: str) -> None:
    """Bring all roles to what the file says."""
    plan = json.loads(Path(path).read_text("utf-8"))
    for app in plan["apps"]:
        url = sa.URL.create(
            "postgresql+psycopg",
            username=plan["user"],
            password=plan["password"],
            host=plan["host"],
            port=plan["port"],
            database=app["database"],
        )
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            for name, password, level in app["roles"]:
                grants = [Login(password=password), DatabaseConnect(app["database"])]
                if level != "owner":
                    grants += [
                        SchemaUsage("public", direct=True),
                        TableSelect("public", re.compile(".*"), direct=True),
                    ]
                sync_roles(connection, name, grants=tuple(grants))
        engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
