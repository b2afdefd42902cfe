"""What a delegated admin lacks, and what the master needs to take over again.

The delegated admin is `LOGIN CREATEROLE CREATEDB` and nothing else. On PostgreSQL 15 that is all
it takes. From 16 on `CREATEROLE` reaches only roles on which one holds `ADMIN`, so the master
grants it on every managed role, without `INHERIT` and `SET`: the right to lend itself a role
for one transaction, and no standing power over its data.
"""

from __future__ import annotations

from pgtenant.planning.bootstrap.checks import left_over, obstacles
from pgtenant.planning.bootstrap.plan import plan_bootstrap, plan_undo
from pgtenant.planning.bootstrap.state import (
    PASSWORD_ROLE,
    Delegation,
    comment_of,
    half_made,
    open_to_public,
)
from pgtenant.planning.bootstrap.steps import Batch, CreateDelegate, GrantAdmin, GrantGroup, Step

__all__ = [
    "PASSWORD_ROLE",
    "Batch",
    "CreateDelegate",
    "Delegation",
    "GrantAdmin",
    "GrantGroup",
    "Step",
    "comment_of",
    "half_made",
    "left_over",
    "obstacles",
    "open_to_public",
    "plan_bootstrap",
    "plan_undo",
]
