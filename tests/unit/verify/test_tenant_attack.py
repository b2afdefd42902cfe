"""Which tenants attack, what they read, and what it comes to."""

from __future__ import annotations

from dataclasses import replace

from pgtenant.planning.tenants.found import Column, Found, Same, Schema
from pgtenant.verify.tenants.ground import MARK, MOST, ground, made_for_an_attack, sampled
from pgtenant.verify.tenants.outcome import SHOWN, Answer, Attack, trials
from pgtenant.verify.tenants.powers import refused
from pgtenant.verify.tenants.targets import Target, targets, visits
from pgtenant.verify.tenants.tricks import REFUSED, SAYS, Trick, shown
from unit.planning.tenants.test_judgement import GOOD, ISOLATION

UUID, TEXT = Column("uuid"), Column("character varying(40)")


def test_all_tenants_up_to_fifty_and_some_of_more() -> None:
    many = [f"tenant_{number:04d}" for number in range(1000)]
    assert sampled(many[:MOST]) == tuple(many[:MOST])
    some = sampled(list(reversed(many)))
    assert len(set(some)) == MOST
    assert (some[0], some[-1]) == ("tenant_0000", "tenant_0980")


def test_stand_ins_have_values_of_their_own_and_names_that_fit() -> None:
    for column in (UUID, TEXT, Column("smallint")):
        place = ground(ISOLATION, column, [f"t{n}" for n in range(MOST)], "m" * 40)
        assert len({one.value for one in place.stand_ins}) == MOST
        assert all(len(one.schema) <= 63 for one in place.stand_ins)
    assert [one.tenant for one in ground(ISOLATION, UUID, ["t"], "m").stand_ins] == ["t", ""]


def test_what_an_index_serves_is_read() -> None:
    names = tuple((f"tenant_{letter}", f"t{n:02d}") for letter in "abc" for n in range(60))
    found = Found(
        schemas=tuple(
            Schema(f"tenant_{letter}", owner)
            for letter, owner in zip("abc", ("app_user", "app_user", "alice"), strict=True)
        ),
        relations=(
            Same(GOOD, names),
            Same(replace(GOOD, indexed=False), (("tenant_a", "unindexed"),)),
            Same(replace(GOOD, indexed=False, row_security=False), (("tenant_a", "a_open"),)),
            Same(replace(GOOD, column=None, row_security=False), (("tenant_b", "bare"),)),
            Same(replace(GOOD, owner="alice"), (("tenant_b", "hers"),)),
        ),
    )
    chosen, left = targets(found, ["tenant_a", "tenant_c"], "app_user", UUID)
    [target] = chosen
    assert (target.tenant, len(target.same), target.same[0]) == (
        "tenant_a",
        50,
        ("tenant_a", "a_open"),
    )
    assert left == 60 + 1 + 11
    [target], left = targets(found, ["tenant_b"], "app_user", TEXT)
    assert (target.same, len(target.others), left) == ((), 50, 1 + 11)


def test_a_text_is_asked_for_by_every_slug() -> None:
    target = Target("tenant_a", (("tenant_a", "t"),), (("tenant_a", "u"),))
    slugs = [("tenant_a", "a"), ("tenant_b", "b")]
    assert [(v.by, v.value, len(v.tables)) for v in visits(target, TEXT, slugs)] == [
        ("", None, 2),
        ("", "", 2),
        ("", "pgtenant: nobody", 1),
        ("tenant_b", "b", 1),
    ]
    assert [v.value for v in visits(target, UUID, slugs)][3:] == []


def test_what_can_not_be_prevented_is_no_failure() -> None:
    def one(trick: Trick, given: str) -> Answer:
        return Answer(trick, "tenant_a", "tenant_b", "0", given)

    answers = [one(Trick.BECOME, "1"), one(Trick.READ, "0")]
    held = Attack("app_user", True, 2, 2, "uuid", trials(answers))
    assert held.held
    assert [trial.trick for trial in held.trials] == [Trick.READ, Trick.BECOME]
    assert not replace(held, trials=trials([one(Trick.READ, "0"), one(Trick.READ, "1")])).held
    assert not replace(held, unproven="no password").held


def test_everything_is_explained() -> None:
    assert set(SAYS) == set(Trick)
    assert set(Trick) > SHOWN


def test_what_only_an_owner_can_do_is_expected_of_no_other_login() -> None:
    place = ground(ISOLATION, UUID, ["t", "u"], "m")
    tried = {attempt.trick for attempt in refused(place, "app_user")}
    alone = {attempt.trick for attempt in shown(place)}
    assert alone - tried == {Trick.DISABLE, Trick.TRUNCATE, Trick.FOREIGN_KEY}
    assert {a.answer for a in refused(place, "app_user") if a.trick not in alone} == {REFUSED}
    assert not (tried - alone) & SHOWN


def test_only_what_an_attack_makes_is_dropped_after_it() -> None:
    mark = f"{MARK}0123456789ab"
    mine = (mark, f"{mark}_1", f"{mark}_50")
    others = (MARK, f"{mark}_", f"{mark}_x", f"a{mark}", f"{MARK}0123456789", "tenant_a")
    assert made_for_an_attack([*others, *mine]) == mine
