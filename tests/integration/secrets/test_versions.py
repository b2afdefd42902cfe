"""Versions of secrets, in files and in AWS: the same story in both."""

from __future__ import annotations

import asyncio
import traceback
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pgtenant.errors import MissingSecretError, SecretError
from pgtenant.rotation.stages import CURRENT, PENDING, PREVIOUS, Version
from pgtenant.secrets import open_store
from pgtenant.secrets.versioned import VersionedStore, open_versions

if TYPE_CHECKING:
    from support.moto import Moto

NAME = "goldenpath/dev/shop/postgres"
SENTINEL = "sentinel-Pa55word"


@pytest.fixture(params=["file", "aws"])
def kind(request: pytest.FixtureRequest, aws: pytest.MonkeyPatch) -> str:
    kind: str = request.param
    if kind == "aws":
        moto: Moto = request.getfixturevalue("moto_server")
        aws.setenv("AWS_ENDPOINT_URL", moto.url)
    return kind


@pytest.fixture
def store(kind: str, tmp_path: Path) -> VersionedStore:
    """A store with one secret whose text is `first`."""
    where: dict[str, Any] = {"directory": ".secrets", "project": tmp_path}
    asyncio.run(open_store(kind, **where).put(NAME, "first"))  # type: ignore[arg-type]
    return open_versions(kind, **where)  # type: ignore[arg-type]


def texts(store: VersionedStore) -> dict[str, str]:
    """Return the text of each label that is on a version by itself."""

    async def read() -> dict[str, str]:
        versions = await store.versions(NAME)
        found = {
            CURRENT: versions.current,
            PENDING: versions.pending,
            PREVIOUS: versions.previous,
        }
        return {s: await store.text(NAME, v, s) for s, v in found.items() if v is not None}

    return asyncio.run(read())


def propose(store: VersionedStore, text: str, token: str = "") -> Version:
    return asyncio.run(store.propose(NAME, token or str(uuid.uuid4()), text))


def current(store: VersionedStore) -> Version:
    found = asyncio.run(store.versions(NAME)).current
    assert found is not None
    return found


def promote(store: VersionedStore, version: Version) -> None:
    asyncio.run(store.promote(NAME, version, current(store)))


def test_pending_becomes_current_becomes_previous(store: VersionedStore) -> None:
    assert texts(store) == {CURRENT: "first"}
    for before, text in (("first", "second"), ("second", "third")):
        made = propose(store, text)
        assert texts(store)[CURRENT] == before
        assert texts(store)[PENDING] == text
        promote(store, made)
        assert current(store).id == made.id
        asyncio.run(store.withdraw(NAME, made))
        assert texts(store) == {CURRENT: text, PREVIOUS: before}


def test_every_step_may_be_repeated(store: VersionedStore) -> None:
    token = str(uuid.uuid4())
    assert propose(store, "second", token).stages == propose(store, "second", token).stages
    made = asyncio.run(store.versions(NAME)).pending
    assert made is not None
    before = current(store)
    for _ in range(2):
        asyncio.run(store.promote(NAME, made, before))
        assert texts(store) == {CURRENT: "second", PREVIOUS: "first"}
    for _ in range(2):
        asyncio.run(store.withdraw(NAME, made))
        assert texts(store) == {CURRENT: "second", PREVIOUS: "first"}


def test_a_pending_version_is_replaced_or_taken_back(store: VersionedStore) -> None:
    propose(store, "second")
    made = propose(store, "another")
    assert texts(store) == {CURRENT: "first", PENDING: "another"}
    asyncio.run(store.withdraw(NAME, made))
    assert texts(store) == {CURRENT: "first"}


def test_a_secret_that_is_not_there(kind: str, tmp_path: Path) -> None:
    store = open_versions(kind, directory=".secrets", project=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(MissingSecretError) as raised:
        asyncio.run(store.versions(NAME))
    assert NAME in raised.value.message
    assert raised.value.hint


def test_the_current_version_says_since_when(store: VersionedStore) -> None:
    created = current(store).created
    assert created is not None
    assert created.tzinfo is not None


def test_an_error_holds_nothing_of_the_text(kind: str, tmp_path: Path) -> None:
    store = open_versions(kind, directory=".secrets", project=tmp_path)  # type: ignore[arg-type]
    (tmp_path / ".secrets").write_text("a file, not a directory")
    with pytest.raises(SecretError) as raised:
        propose(store, SENTINEL)
    shown = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    assert SENTINEL not in shown


def test_files_are_private_and_keep_who_may_read(tmp_path: Path) -> None:
    asyncio.run(open_store("file", directory=".secrets", project=tmp_path).put(NAME, "first"))
    store = open_versions("file", directory=".secrets", project=tmp_path)
    path = tmp_path / ".secrets" / f"{NAME}.json"
    path.chmod(0o640)
    made = propose(store, "second")
    assert path.with_suffix(".pending.json").stat().st_mode & 0o777 == 0o600
    promote(store, made)
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.with_suffix(".previous.json").stat().st_mode & 0o777 == 0o600
    assert {p.name for p in path.parent.iterdir()} == {"postgres.json", "postgres.previous.json"}


def test_a_link_goes_on_leading_to_the_file(tmp_path: Path) -> None:
    asyncio.run(open_store("file", directory=".secrets", project=tmp_path).put(NAME, "first"))
    store = open_versions("file", directory=".secrets", project=tmp_path)
    path = tmp_path / ".secrets" / f"{NAME}.json"
    real = tmp_path / "real.json"
    path.rename(real)
    path.symlink_to(real)
    promote(store, propose(store, "second"))
    assert path.is_symlink()
    assert real.read_text() == "second"


def test_labels_of_others_stay(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    aws.setenv("AWS_ENDPOINT_URL", moto_server.url)
    moto_server.put_secret(NAME, "first")
    store = open_versions("aws", directory="", project=Path())
    first = current(store)
    with moto_server.secrets() as client:
        client.update_secret_version_stage(
            SecretId=NAME, VersionStage="TERRAFORM", MoveToVersionId=first.id
        )
    promote(store, propose(store, "second"))
    kept = asyncio.run(store.versions(NAME)).find(first.id)
    assert kept is not None
    assert kept.stages == {"TERRAFORM", PREVIOUS}


def test_a_promotion_that_comes_too_late(store: VersionedStore) -> None:
    before = current(store)
    made = propose(store, "second")
    promote(store, propose(store, "faster"))
    with pytest.raises(SecretError, match=r"can't be rotated|another one, or gone"):
        asyncio.run(store.promote(NAME, made, before))
    assert texts(store)[CURRENT] == "faster"
