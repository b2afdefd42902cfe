"""The audit rows of a bootstrap: single sentences, and an error that is said once."""

from __future__ import annotations

from pgtenant.audit.record import Action, Status
from pgtenant.planning.bootstrap import Batch, CreateDelegate, GrantAdmin
from pgtenant.planning.sql.script import Lending
from pgtenant.report.delegated import describe_step, step_sentence
from pgtenant.usecases.delegate_rows import batch_rows

CREATE = CreateDelegate(role="boss", secret="goldenpath/dev/rds/admin", comment="{}")
GRANT = GrantAdmin(role="shop", to="boss")
LENDING = Lending(admin="master", major=17, free=frozenset(), restore={}, superuser=False)


def messages(*, because: str = "") -> list[tuple[Action, str]]:
    batch = Batch(steps=(CREATE, GRANT))
    rows = batch_rows(batch, LENDING, "boss", Status.ERROR, because=because)
    return [(row.action, row.message) for row in rows]


def test_a_sentence_has_no_columns() -> None:
    assert "  " in describe_step(CREATE)
    assert "  " not in step_sentence(CREATE)
    assert messages() == [
        (Action.CREATE_ROLE, step_sentence(CREATE)),
        (Action.APPLY_GRANTS, step_sentence(GRANT)),
    ]


def test_an_error_says_once_what_it_met() -> None:
    error = f"{step_sentence(CREATE)} in platform: permission denied"
    assert messages(because=error) == [
        (Action.CREATE_ROLE, error),
        (Action.APPLY_GRANTS, f"{error} (while: {step_sentence(GRANT)})"),
    ]
