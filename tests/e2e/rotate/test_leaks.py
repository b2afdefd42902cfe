"""No password of a rotation, old or new, in anything but the secret."""

from __future__ import annotations

import pytest

from e2e.rotate.shop import login, rotate, rotated, stored, write_shop
from pgtenant.rotation.stages import PENDING, PREVIOUS
from pgtenant.usecases.rotate import switch
from support.boundaries import Stop, ending, stop
from support.instance import Instance
from support.leaks import files_below, leaks, started_processes
from support.project import Project


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_password_leaks(
    shop: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.environ["PGTENANT_LOG_LEVEL"] = "debug"
    mark = instance.log_mark()
    seen: set[str] = set()
    told: list[str] = []

    def note() -> None:
        for name in ("shop/postgres", "shop-ro/postgres", "rds/master"):
            for stage in ("AWSCURRENT", PENDING, PREVIOUS):
                seen.add(str(stored(shop, name, stage).get("password", "none")))

    def runs(*arguments: str) -> None:
        note()
        for style in ("text", "json"):
            result = shop.run("rotate", "-e", "dev", *arguments, "--format", style)
            told.append(result.output)
        note()

    with started_processes() as processes:
        runs("--all")
        runs("--admin")
        runs("--all", "--dry-run")
        with ending("after:set_password", stop), pytest.raises(Stop):
            rotate(shop, "shop")
        runs("--due")
        write_shop(shop, connection_limit=1)
        shop.converge()
        session = login(shop, stored(shop))
        runs("shop")
        session.close()
        with monkeypatch.context() as patch:
            patch.setattr(switch, "set_password", _raises)
            told.append(rotate(shop, "shop").output)
        rotated(shop, "shop")
        note()

    passwords = seen - {"none"}
    assert len(passwords) >= 10
    places: dict[str, str | bytes] = {
        "output": "\n".join(told),
        "server log": instance.log_since(mark),
        "processes": "\n".join(processes),
        **files_below(shop.root, but=".secrets"),
    }
    assert {p: found for p, text in places.items() if (found := leaks(text, passwords))} == {}


async def _raises(*_: object, **__: object) -> None:
    raise RuntimeError("a mistake of our own")
