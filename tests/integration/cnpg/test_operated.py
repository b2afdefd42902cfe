"""What the operator keeps is not changed by SQL: it would change it back."""

from __future__ import annotations

import pytest

from pgtenant.cli import main
from support.cnpg import SHOP, GitOps


@pytest.mark.parametrize(
    "command",
    [
        ["apply"],
        ["apply", "--dry-run"],
        ["adopt", "--all"],
        ["rotate", "shop"],
        ["retire", "shop", "--stage", "disable"],
    ],
)
def test_commands_that_change_a_server_are_refused(
    gitops: GitOps, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    gitops.declare({"shop": SHOP})
    code = main([*command, "-e", "dev", "--project", str(gitops.root)])
    assert code == 64
    assert "kept by its CloudNativePG operator" in capsys.readouterr().err
