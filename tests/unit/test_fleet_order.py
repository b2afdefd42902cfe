"""Which environments there are, and in which order they are worked on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pgtenant import settings
from pgtenant.errors import SettingsError, UsageError
from pgtenant.settings.model import Settings
from pgtenant.usecases.environments import all_environments
from pgtenant.usecases.fleet import check_apart, sweep, waves_of


def project(root: Path, toml: str = "", *catalogs: str) -> Settings:
    (root / "pgtenant.toml").write_text(toml)
    for catalog in catalogs:
        (root / catalog).parent.mkdir(parents=True, exist_ok=True)
        (root / catalog).touch()
    return settings.load(root, environ={})


def test_those_with_settings_and_those_with_a_catalog(tmp_path: Path) -> None:
    found = project(
        tmp_path,
        "[environments.eu-1]\nwave = 3\n",
        "envs/dev-rds/terraform.tfvars",
        "envs/test-rds/terraform.yaml",
        "envs/prod-rds/terraform.tfvars.json",
        "envs/Not-rds/terraform.tfvars",
        "envs/none-rds/other.tfvars",
        "envs/shared/terraform.tfvars",
    )
    assert all_environments(found) == ("dev", "eu-1", "prod", "test")


@pytest.mark.parametrize(
    ("template", "catalog"),
    [
        ("[cat]/{env}.yaml", "[cat]/dev.yaml"),
        ("{env}/{env}.tfvars", "dev/dev.tfvars"),
        ("a*/{env}-x.json", "a*/dev-x.json"),
    ],
)
def test_templates(tmp_path: Path, template: str, catalog: str) -> None:
    other = catalog.replace("dev", "test", 1) if catalog.count("dev") == 2 else "ab/test-x.json"
    found = project(tmp_path, f'[project]\ncatalog = "{template}"\n', catalog, other)
    assert all_environments(found) == ("dev",)


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no environment"):
        all_environments(project(tmp_path))
    one = project(tmp_path, '[project]\ncatalog = "only.yaml"\n', "only.yaml")
    with pytest.raises(UsageError, match=r"only\.yaml"):
        all_environments(one)


def test_waves(tmp_path: Path) -> None:
    plain = project(tmp_path)
    assert waves_of(plain, ["prod", "test", "dev"]) == (("dev",), ("prod", "test"))
    said = project(tmp_path, "[environments.prod]\nwave = 9\n[environments.dev]\nwave = 2\n")
    assert said.approval_required("prod")
    assert not said.approval_required("dev")
    assert waves_of(said, ["prod", "dev", "test", "prod"]) == (("dev", "test"), ("prod",))
    canary = project(tmp_path, "[environments.prod]\napproval = false\n")
    assert waves_of(canary, ["prod", "test"]) == (("prod",), ("test",))
    with pytest.raises(SettingsError, match="name of an environment"):
        waves_of(canary, ["../x"])


@pytest.mark.parametrize("value", ["0", "1001", "true", '"1"', "1.5"])
def test_what_is_no_wave(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="must be a whole number from 1 to 1000"):
        project(tmp_path, f"[environments.dev]\nwave = {value}\n")


def test_an_audit_of_its_own(tmp_path: Path) -> None:
    check_apart(project(tmp_path), ["dev", "prod"])
    shared = project(tmp_path, '[project]\naudit = "one.csv"\n')
    check_apart(shared, ["dev"])
    with pytest.raises(UsageError, match="the audit of prod would go into that of dev"):
        check_apart(shared, ["dev", "prod"])


class Work:
    """Ends an environment's work when all that can be at work are."""

    def __init__(self, *bad: str, together: int = 1) -> None:
        self.bad = bad
        self.together = together
        self.begun: list[str] = []
        self.most = 0
        self._at_work = 0
        self._full = asyncio.Event()

    async def __call__(self, environment: str) -> bool:
        self.begun.append(environment)
        self._at_work += 1
        self.most = max(self.most, self._at_work)
        if self._at_work == self.together:
            self._full.set()
        await self._full.wait()
        self._at_work -= 1
        return environment in self.bad


def swept(*waves: str, work: Work, parallel: int = 1, fail_fast: bool = True) -> dict[str, bool]:
    names = tuple(tuple(wave.split()) for wave in waves)
    return dict(
        asyncio.run(sweep(names, work, parallel=parallel, is_failure=bool, fail_fast=fail_fast))
    )


def test_one_after_the_other() -> None:
    work = Work()
    assert swept("a", "b c", "d", work=work) == dict.fromkeys("abcd", False)
    assert (work.begun, work.most) == ([*"abcd"], 1)


def test_a_few_at_a_time() -> None:
    work = Work(together=2)
    swept("a b c d e", work=work, parallel=2)
    assert (sorted(work.begun), work.most) == ([*"abcde"], 2)


def test_a_wave_waits_for_the_one_before() -> None:
    class Ordered(Work):
        async def __call__(self, environment: str) -> bool:
            if environment in "cd":
                assert self.begun[:2] == ["a", "b"]
                assert self._at_work < 2
            return await super().__call__(environment)

    swept("a b", "c d", work=Ordered(together=2), parallel=5)


def test_after_a_failure_none_is_begun() -> None:
    work = Work("a")
    assert swept("a", "b c", work=work) == {"a": True}
    # Those at work come to their end.
    work = Work("b", together=2)
    assert swept("a b c", "d", work=work, parallel=2) == {"a": False, "b": True}
    work = Work("a")
    assert swept("a", "b c", work=work, fail_fast=False) == {"a": True, "b": False, "c": False}
