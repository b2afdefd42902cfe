"""What `init` lets through into templates."""

from __future__ import annotations

import pytest

from pgtenant.errors import ExitCode, UsageError
from pgtenant.platform.options import OPTIONS, check_options
from pgtenant.platform.placeholders import substitute

HOSTILE = (
    "",
    " ",
    'x"; drop role y; --',
    'gp"\n}\nresource "aws_iam_user" "x" {',
    'gp${file("/etc/passwd")}',
    "%{ if true }",
    "{{ .Values }}",
    "${{ secrets.TOKEN }}",
    "$(id)",
    "`id`",
    "../../etc",
    "@@prefix@@",
    "gp\n",
    "gp\0",
    "gоldenpath",  # noqa: RUF001 - a Cyrillic letter
    "١٢٣٤٥٦٧٨٩٠١٢",
    "x" * 300,
)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_refused(option: object, value: str) -> None:
    name = str(getattr(option, "name", ""))
    with pytest.raises(UsageError) as refused:
        check_options({name: value})
    assert refused.value.exit_code == ExitCode.USAGE
    assert "--" + name.replace("_", "-") in refused.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prefix", "Goldenpath"),
        ("prefix", "1gp"),
        ("prefix", "golden--path"),  # RDS takes no two hyphens in a row
        ("prefix", "golden-"),
        ("prefix", "g" * 21),
        ("region", "eu-west"),
        ("region", "us-gov-west-1"),
        ("region", "cn-north-1"),
        ("account", "12345678901"),
        ("state_bucket", "My_Bucket"),
        ("state_bucket", "-bucket"),
        ("repository", "acme"),
        ("repository", "acme/.git/config"),
        ("repository", "acme/platform\n"),
        ("repository", "acme/x.git --upload-pack=y"),
        ("team", "platform-team"),
    ],
)
def test_values_that_aws_or_github_would_refuse(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        check_options({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prefix", "g"),
        ("prefix", "g" * 20),
        ("prefix", "golden-path2"),
        ("region", "ap-southeast-2"),
        ("account", "000000000000"),
        ("state_bucket", "acme-tf"),
        ("repository", "acme-corp/platform.rds"),
        ("team", "@acme/dba"),
        ("team", "@jane-doe"),
    ],
)
def test_good_values(name: str, value: str) -> None:
    assert check_options({name: value})[name] == value


def test_the_bucket_follows_the_prefix() -> None:
    assert check_options({"prefix": "acme"})["state_bucket"] == "acme-terraform-state"
    chosen = check_options({"prefix": "acme", "state_bucket": "states"})
    assert chosen["state_bucket"] == "states"


def test_values_are_put_in_once() -> None:
    assert substitute("@@a@@ @@b@@", {"a": "@@b@@", "b": "x"}) == "@@b@@ x"


@pytest.mark.parametrize(
    "text", ["${var.prefix}", "%{ if a }", "{{ .a }}", "${{ a.b }}", "$(a)", "@@ -1 +1 @@"]
)
def test_other_languages_keep_their_own(text: str) -> None:
    assert substitute(text, {}) == text
