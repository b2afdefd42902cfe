"""The body of a request's pull request: nothing that somebody typed becomes markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pgtenant.catalog.model import AccessLevel, Auth, Entry
from pgtenant.planning.plan import Plan
from pgtenant.report.pull_request import CONTROLS, Asked, body, title
from pgtenant.requests.routing import Routing

TERRAFORM = Path(__file__).parents[3] / "src/pgtenant/platform/templates/infrastructure/terraform"
EVIL = "x`|</details>\n\n@everyone ![](https://evil.example) ````````"


def drawn(entry: Entry, *approvers: str) -> str:
    file = ("a.tfvars", b"a\n", f"a\n{EVIL}\n".encode())
    plan = Plan.empty("dev")
    return body(
        Asked(
            environment="dev",
            entry=entry,
            secret=EVIL,
            routing=Routing(approvers, ()),
            plan=plan,
            notes=(EVIL,),
            files=(file,),
            by=EVIL,
            run="https://github.example.org/runs/1",
        )
    )


def test_what_was_typed_stays_text() -> None:
    entry = Entry(
        key=EVIL,
        database_name=EVIL,
        username=EVIL,
        owner=EVIL,
        requester=EVIL + "y",
        domain=EVIL,
        risk=EVIL,
        initial_schema=EVIL,
    )
    text = drawn(entry, EVIL)
    outside, fences = [], 0
    fence = ""
    for line in text.splitlines():
        opening = re.match(r"`{3,}", line)
        if opening and (not fence or line == fence):
            fence = "" if fence else opening.group()
            fences += 1
        elif not fence:
            outside.append(re.sub(r"(`+)( ?).*?\2\1(?!`)", "", line))
    assert fences == 2
    assert not fence
    plainly = "\n".join(outside)
    assert "@everyone" not in plainly
    assert "![](" not in plainly
    assert plainly.count("</details>") == 1  # its own
    assert len(text) < 60_000


def test_it_says_who_and_what() -> None:
    reader = Entry(
        key="crm-read", database_name="crm", username="crm_read", access_level=AccessLevel.READER
    )
    assert title("dev", reader) == "crm-read: reader of crm in dev"
    assert "may read what is in `crm`" in drawn(reader)
    assert "Nobody: this is self-serve." in drawn(reader)
    iam = Entry(key="crm", database_name="crm", username="crm", auth=Auth.IAM)
    assert "Terraform makes the secret" not in drawn(iam)
    assert "- **platform-team**" in drawn(iam, "platform-team")


@pytest.mark.parametrize(
    ("file", "name", "part"),
    [
        ("rds/main.tf", "retention_days_by_risk", 0),
        ("app-secrets/rotation.tf", "rotation_days_by_risk", 1),
    ],
)
def test_the_controls_are_those_of_terraform(file: str, name: str, part: int) -> None:
    text = (TERRAFORM / file).read_text()
    found = re.search(rf"{name} = {{(.*?)}}", text, re.DOTALL)
    assert found is not None
    days = {risk: int(number) for risk, number in re.findall(r"(\w+)\s*= (\d+)", found[1])}
    assert {risk: both[part] for risk, both in CONTROLS.items()} == days
