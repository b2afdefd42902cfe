"""What an entry is called in Kubernetes, and whom its secret is copied to."""

from __future__ import annotations

import pytest

from pgtenant.gitops.cnpg.names import checked_namespaces, names


def test_underscores_become_hyphens() -> None:
    named = names("my_app")
    assert (named.app, named.secret, named.database) == ("my-app", "my-app-db-creds", "my-app-db")
    assert named.sealed_file == "my-app-secrets-sealed.yaml"
    assert named.database_file == "my-app-db.yaml"


@pytest.mark.parametrize("listed", ["shop", "shop,crm", "shop, crm", "a-1"])
def test_namespaces_that_are_named(listed: str) -> None:
    assert checked_namespaces(listed) == listed


@pytest.mark.parametrize(
    "listed", ["*", "shop,*", ".*", "app-.*", "", "shop,", "Shop", "a b", "-a"]
)
def test_patterns_hand_the_secret_to_everyone(listed: str) -> None:
    with pytest.raises(ValueError, match="write out each namespace"):
        checked_namespaces(listed)
