"""Whether all have approved: a table, and what holds for any reviews."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtenant.requests.approvals import Review, Verdict, decide, login_of

MEMBERS = {"platform": ["ada", "bob"], "security": ["ada", "cyd"], "nobody": []}
YES, NO, GONE = Verdict.APPROVED, Verdict.CHANGES_REQUESTED, Verdict.DISMISSED
HEAD, OLD = "new", "old"


@pytest.mark.parametrize(
    ("approvers", "reviews", "own", "missing"),
    [
        ([], [], [], ()),
        (["platform"], [], [], ("platform",)),
        (["platform"], [("ada", YES, HEAD)], [], ()),
        (["platform"], [("ADA", YES, HEAD)], [], ()),
        (["platform"], [("ada", YES, OLD)], [], ("platform",)),
        (["platform"], [("ada", YES, HEAD), ("ada", GONE, HEAD)], [], ("platform",)),
        (["platform"], [("ada", NO, OLD), ("ada", YES, HEAD)], [], ()),
        (["platform"], [("ada", YES, HEAD)], ["Ada"], ("platform",)),
        (["platform"], [("ada", YES, HEAD), ("bob", YES, HEAD)], ["ada"], ()),
        (["platform"], [("cyd", YES, HEAD)], [], ("platform",)),
        (["platform", "security"], [("ada", YES, HEAD)], [], ()),
        (["platform", "security"], [("bob", YES, HEAD)], [], ("security",)),
        (["nobody"], [("ada", YES, HEAD)], [], ("nobody",)),
    ],
)
def test_what_is_missing(
    approvers: list[str],
    reviews: list[tuple[str, Verdict, str]],
    own: list[str],
    missing: tuple[str, ...],
) -> None:
    found = decide(approvers, MEMBERS, [Review(*one) for one in reviews], head=HEAD, own=own)
    assert found.missing == missing
    assert found.stands == (not missing)


def test_who_asks_for_changes_holds_it_up() -> None:
    reviews = [Review("bob", YES, HEAD), Review("ada", NO, OLD)]
    found = decide(["platform"], MEMBERS, reviews, head=HEAD, own=[])
    assert (found.missing, found.against, found.stands) == ((), ("ada",), False)
    # What an outsider thinks of it does not.
    reviews = [Review("bob", YES, HEAD), Review("eve", NO, HEAD)]
    assert decide(["platform"], MEMBERS, reviews, head=HEAD, own=[]).stands


@pytest.mark.parametrize(
    ("at", "stands"),
    [("2026-01-31T12:00:01Z", True), ("2026-01-31T12:00:00Z", False), ("", False)],
)
def test_an_approval_from_before_the_base_was_another_one(at: str, stands: bool) -> None:
    """One from the same second could be from before, too."""
    reviews = [Review("ada", YES, HEAD, at)]
    since = "2026-01-31T12:00:00Z"
    found = decide(["platform"], MEMBERS, reviews, head=HEAD, own=[], since=since)
    assert found.stands is stands
    against = [Review("ada", YES, HEAD, "2026-01-31T12:00:01Z"), Review("bob", NO, HEAD, at)]
    assert not decide(["platform"], MEMBERS, against, head=HEAD, own=[], since=since).stands


@pytest.mark.parametrize(
    ("requester", "login"),
    [
        ("jane-doe", "jane-doe"),
        ("@jane-doe", "jane-doe"),
        ("user:default/jane-doe", "jane-doe"),
        ("user:jane-doe", "jane-doe"),
        (" jane-doe ", "jane-doe"),
        ("", ""),
    ],
)
def test_the_login_of_a_requester(requester: str, login: str) -> None:
    assert login_of(requester) == login


REVIEWS = st.lists(
    st.builds(
        Review,
        st.sampled_from(["ada", "bob", "cyd", "eve"]),
        st.sampled_from(Verdict),
        st.sampled_from([HEAD, OLD]),
    )
)


@settings(deadline=None)  # no test asserts times
@given(REVIEWS, st.sets(st.sampled_from(["ada", "bob", "cyd"])))
def test_it_stands_only_on_others_approvals_of_the_head(
    reviews: list[Review], own: set[str]
) -> None:
    found = decide(["platform", "security"], MEMBERS, reviews, head=HEAD, own=own)
    for approver, logins in found.approved.items():
        for login in logins:
            assert login in MEMBERS[approver]
            assert login not in own
            assert [one for one in reviews if one.login == login][-1] == Review(login, YES, HEAD)
