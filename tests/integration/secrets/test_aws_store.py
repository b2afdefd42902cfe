from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pgtenant.errors import SecretError
from pgtenant.secrets import open_store

if TYPE_CHECKING:
    from support.moto import Moto

SENTINEL = "sentinel-Pa55word"
NAME = "goldenpath/dev/keycloak/postgres"
pytestmark = pytest.mark.usefixtures("aws")


def fetch(*names: str) -> dict[str, str | SecretError]:
    return dict(asyncio.run(open_store("aws", directory="", project=Path()).fetch(names)))


def errors(*names: str) -> list[SecretError]:
    found = []
    for name, error in fetch(*names).items():
        assert isinstance(error, SecretError)
        assert name in error.message
        assert error.hint
        shown = "".join(traceback.format_exception(error)) + repr(vars(error))
        assert SENTINEL not in shown
        assert "\n" not in error.message
        found.append(error)
    return found


def on(aws: pytest.MonkeyPatch, service: Moto) -> None:
    aws.setenv("AWS_ENDPOINT_URL", service.url)


def test_secrets_come_by_name(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    on(aws, moto_server)
    names = [f"goldenpath/dev/app{number}/postgres" for number in range(40)]
    for name in names:
        moto_server.put_secret(name, f"text of {name}")
    found = fetch(*names, names[0], "goldenpath/dev/missing/postgres")
    assert list(found) == [*names, "goldenpath/dev/missing/postgres"]
    assert all(found[name] == f"text of {name}" for name in names)
    assert isinstance(found["goldenpath/dev/missing/postgres"], SecretError)
    assert fetch() == {}


def test_one_store_serves_several_runs(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    on(aws, moto_server)
    moto_server.put_secret(NAME, "text")
    store = open_store("aws", directory="", project=Path())

    async def twice() -> list[object]:
        return list(await asyncio.gather(store.fetch([NAME]), store.fetch([NAME])))

    assert asyncio.run(twice()) == [{NAME: "text"}, {NAME: "text"}]
    assert asyncio.run(twice()) == [{NAME: "text"}, {NAME: "text"}]


def test_the_current_version_is_read(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    on(aws, moto_server)
    moto_server.put_secret(NAME, "old")
    with moto_server.secrets() as client:
        client.put_secret_value(SecretId=NAME, SecretString="new")
        client.put_secret_value(SecretId=NAME, SecretString="pending", VersionStages=["AWSPENDING"])
    assert fetch(NAME) == {NAME: "new"}


def test_a_missing_secret(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    on(aws, moto_server)
    [error] = errors(NAME)
    assert error.message.startswith(f"secret {NAME} (region eu-west-2) does not exist (Resource")
    assert error.hint.startswith("create it")


def test_a_secret_that_is_marked_for_deletion(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    on(aws, moto_server)
    moto_server.put_secret(NAME, SENTINEL)
    with moto_server.secrets() as client:
        client.delete_secret(SecretId=NAME)
    [error] = errors(NAME)
    assert error.message == f"secret {NAME} (region eu-west-2) is marked for deletion"


def test_a_binary_secret(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    on(aws, moto_server)
    with moto_server.secrets() as client:
        client.create_secret(Name=NAME, SecretBinary=SENTINEL.encode())
    [error] = errors(NAME)
    assert error.message == f"secret {NAME} (region eu-west-2) is binary"


def test_a_profile(aws: pytest.MonkeyPatch, moto_server: Moto, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile platform]\nregion = eu-west-2\naws_access_key_id = testing\n"
        f"aws_secret_access_key = testing\nendpoint_url = {moto_server.url}\n"
    )
    moto_server.put_secret(NAME, "text")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        aws.delenv(name)
    aws.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    aws.setenv("AWS_PROFILE", "platform")
    assert fetch(NAME) == {NAME: "text"}


def irsa(aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("header.payload.signature")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws.delenv(name)
    aws.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pgtenant")
    aws.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))


def test_the_service_accounts_role(
    aws: pytest.MonkeyPatch, moto_server: Moto, tmp_path: Path
) -> None:
    on(aws, moto_server)
    moto_server.put_secret(NAME, "text")
    irsa(aws, tmp_path)
    assert fetch(NAME) == {NAME: "text"}


def test_a_service_account_without_its_token(
    aws: pytest.MonkeyPatch, moto_server: Moto, tmp_path: Path
) -> None:
    on(aws, moto_server)
    irsa(aws, tmp_path)
    (tmp_path / "token").unlink()
    [error] = errors(NAME)
    assert "can't be read" in error.message


def test_the_region_may_be_called_as_other_sdks_do(
    aws: pytest.MonkeyPatch, moto_server: Moto
) -> None:
    on(aws, moto_server)
    aws.delenv("AWS_DEFAULT_REGION")
    aws.setenv("AWS_REGION", "eu-west-2")
    moto_server.put_secret(NAME, "text")
    assert fetch(NAME) == {NAME: "text"}


def test_a_name_that_is_empty(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    on(aws, moto_server)
    moto_server.put_secret(NAME, "text")
    found = fetch("", NAME)
    assert isinstance(found[""], SecretError)
    assert found[NAME] == "text"


def test_without_boto3_the_error_says_what_to_install() -> None:
    code = (
        "import sys; from pathlib import Path; sys.modules['boto3'] = None\n"
        "from pgtenant.secrets import open_store\n"
        "open_store('file', directory='x', project=Path())\n"
        "try: open_store('aws', directory='x', project=Path())\n"
        "except Exception as error: print(type(error).__name__, error.message, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("MissingExtraError the secret store 'aws' needs boto3")
    assert "pip install 'pgtenant[aws]'" in done.stdout
