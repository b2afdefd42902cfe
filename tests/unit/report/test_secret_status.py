"""How secrets stand, in words and as JSON, for every answer that a store can give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.catalog.model import Rotation
from pgtenant.report.schema import schema
from pgtenant.report.secret_status import status_json, status_text
from pgtenant.rotation.due import Due
from pgtenant.rotation.health import Health, Works, all_proven
from pgtenant.rotation.stages import CURRENT, PENDING, PREVIOUS, Version, Versions

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
KEPT = Versions(
    "goldenpath/dev/rds/master",
    (Version("1", frozenset({CURRENT, "TERRAFORM"}), NOW - timedelta(days=3)),),
    owner="rds",
)
TURNED = Versions(
    "goldenpath/dev/kiosk/postgres",
    (
        Version("1", frozenset({PREVIOUS})),
        Version("2", frozenset({CURRENT}), NOW - timedelta(days=20)),
        Version("3", frozenset({PENDING})),
    ),
    automatic=True,
)
HEALTHS = (
    Health(
        "",
        KEPT.name,
        "master",
        Rotation.SINGLE,
        KEPT,
        Due(90, NOW - timedelta(days=3), NOW),
        Works.YES,
    ),
    Health(
        "kiosk",
        TURNED.name,
        "kiosk_user_b",
        Rotation.ALTERNATE,
        TURNED,
        Due(14, NOW - timedelta(days=20), NOW),
        Works.YES,
    ),
    Health(
        "new",
        "new",
        "new_user",
        Rotation.SINGLE,
        Versions("new", (Version("1", frozenset({CURRENT})),)),
        Due(30, None, NOW),
        Works.YES,
    ),
    Health("lost", "lost", "", Rotation.SINGLE, None, None, Works.NO, "it is not there"),
    Health("tokens", "tokens", "tokens_user", None, None, None, Works.UNUSED, "IAM"),
)
TEXT = """\
Secrets of dev

entry    login         rotation   age      due                versions                               password
(admin)  master        single     3 days   2027-02-17         current, kept by rds                   works
kiosk    kiosk_user_b  alternate  20 days  2026-11-16 (past)  current, pending, previous, automatic  works
new      new_user      single     unknown  now                current                                works
lost     -             single     -        -                  -                                      does not work
tokens   tokens_user   -          -        -                  -                                      not used

* lost: it is not there
* tokens: IAM

5 secrets · 3 proven · 1 not working · 1 not used · 2 due: `pgtenant rotate -e dev --due`
"""  # noqa: E501 - a table


def test_text() -> None:
    assert str(status_text(HEALTHS, environment="dev")) == TEXT


def test_json() -> None:
    told = status_json(HEALTHS, environment="dev")
    jsonschema.Draft202012Validator(schema("secret")).validate(told)
    assert told["summary"] == {"yes": 3, "no": 1, "unproven": 0, "unused": 1, "due": 2}
    admin, kiosk, new, *_ = told["secrets"]
    assert admin["versions"]["owner"] == "rds"
    assert kiosk["versions"] == {
        "current": {"id": "2", "created": "2026-11-02T01:00:00Z"},
        "pending": {"id": "3", "created": None},
        "previous": {"id": "1", "created": None},
        "automatic": True,
        "owner": "",
    }
    assert kiosk["due"]["at"] == "2026-11-16T01:00:00Z"
    assert new["due"] == {"days": 30, "since": None, "at": None, "is_due": True}


@pytest.mark.parametrize("works", Works)
def test_what_is_not_proven_never_passes(works: Works) -> None:
    healths = (HEALTHS[0], Health("a", "a", "a", Rotation.SINGLE, None, None, works))
    assert all_proven(healths) == (works in {Works.YES, Works.UNUSED})
    assert all_proven(())
