"""Values that only the controller opens, and only under the name that they were sealed for."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import rsa

from pgtenant.errors import UsageError
from pgtenant.gitops.cnpg.sealing import Seal, seal_of
from support.sealing import NOW, Controller, certificate_without_rsa, controller

LABEL = "postgres/shop-db-creds"


def seal(fingerprint: str | None = None) -> Seal:
    ours = controller()
    return seal_of(ours.certificate, path="pub-cert.pem", now=NOW, fingerprint=fingerprint)


@pytest.mark.parametrize("value", ["s3cret", "", "ä" * 5000, "a\nb\0c", '"; drop role x; --'])
def test_the_controller_opens_it(value: str) -> None:
    assert controller().opened(seal().sealed(value, LABEL), LABEL) == value


@pytest.mark.parametrize(
    "label", ["postgres/other-db-creds", "other/shop-db-creds", "postgres", ""]
)
def test_under_no_other_name_or_namespace(label: str) -> None:
    with pytest.raises(ValueError, match=r"[Dd]ecryption"):
        controller().opened(seal().sealed("s3cret", LABEL), label)


def test_by_no_other_controller() -> None:
    with pytest.raises(ValueError, match=r"[Dd]ecryption"):
        controller("another").opened(seal().sealed("s3cret", LABEL), LABEL)


def test_the_same_value_is_never_sealed_alike() -> None:
    ours = seal()
    assert len({ours.sealed("s3cret", LABEL) for _ in range(20)}) == 20


def test_a_changed_value_does_not_open() -> None:
    value = seal().sealed("s3cret", LABEL)
    changed = value[:-8] + ("A" if value[-8] != "A" else "B") + value[-7:]
    with pytest.raises(InvalidTag):
        controller().opened(changed, LABEL)


def test_the_fingerprint_is_that_of_openssl_and_of_the_setting() -> None:
    assert seal(controller().fingerprint).fingerprint == controller().fingerprint


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no certificate in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is no certificate"),
        (b"\xff\xfe\x00", "is no certificate"),
        (controller().private.encode(), "is no certificate"),
        (controller().certificate + controller("another").certificate, "has 2 certificates"),
        (certificate_without_rsa(), "has no RSA key"),
        (Controller(rsa.generate_private_key(65537, 1024)).certificate, "RSA key of 1024 bits"),
        (controller().certified(NOW - timedelta(days=9), NOW - timedelta(days=2)),
         "has ended, on 2026-05-30"),
        (controller().certified(NOW + timedelta(days=1), NOW + timedelta(days=2)),
         "is valid from 2026-06-02"),
    ],
)  # fmt: skip
def test_other_certificates_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        seal_of(data, path="pub-cert.pem", now=NOW, fingerprint=None)
    assert caught.value.message.startswith("pub-cert.pem ")
    assert "kubeseal --fetch-cert" in caught.value.hint or "clock" in caught.value.hint


def test_another_controller_s_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match="is not the controller's certificate") as caught:
        seal(controller("another").fingerprint)
    assert controller().fingerprint in caught.value.message


def test_without_the_package_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    with pytest.raises(UsageError, match="needs the package cryptography") as caught:
        seal()
    assert caught.value.hint == "pip install 'pgtenant[cnpg]'"
