"""Seals values as `kubeseal` does: only the controller's private key opens them.

https://github.com/bitnami-labs/sealed-secrets/blob/main/docs/developer/crypto.md
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pgtenant.codes import Code
from pgtenant.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

_SESSION_KEY: Final = 32
_SMALLEST: Final = 2048
"""Bits; the controller makes keys of 4096."""
# Every key is used once.
_NONCE: Final = bytes(12)
_FETCH: Final = "fetch the controller's with `kubeseal --fetch-cert`"


@dataclass(frozen=True, slots=True)
class Seal:
    """What values are sealed with.

    Attributes:
        key: the controller's public key.
        fingerprint: of its certificate: SHA-256, in hexadecimal digits.
    """

    key: RSAPublicKey
    fingerprint: str

    def sealed(self, value: str, label: str) -> str:
        """Return a value that can be opened under this label only."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        session = os.urandom(_SESSION_KEY)
        oaep = padding.OAEP(
            mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=label.encode()
        )
        wrapped = self.key.encrypt(session, oaep)
        inside = AESGCM(session).encrypt(_NONCE, value.encode(), None)
        return base64.b64encode(len(wrapped).to_bytes(2, "big") + wrapped + inside).decode()


def seal_of(data: bytes, *, path: str, now: datetime, fingerprint: str | None) -> Seal:
    """Return the seal of a certificate.

    Args:
        data: the certificate's file.
        path: the file, for messages.
        now: the moment, with its zone.
        fingerprint: of the controller's certificate, or None when nobody said.

    Raises:
        UsageError: it is no certificate, has ended, or is another one.
    """
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509 import load_pem_x509_certificates
    except ImportError:
        raise MissingExtraError("sealing needs the package cryptography", extra="cnpg") from None
    try:
        found = load_pem_x509_certificates(data)
    except ValueError:
        found = []
    certificate = _only(found, path)
    digest = certificate.fingerprint(hashes.SHA256()).hex()
    if fingerprint is not None and digest != fingerprint:
        raise UsageError(
            f"{path} is not the controller's certificate: its SHA-256 fingerprint is {digest}, and"
            f" [cnpg] certificate_sha256 is {fingerprint}",
            hint=f"{_FETCH}, or correct the setting when the controller has a new one",
            code=Code.SEALING,
        )
    _check_time(certificate, path, now)
    return Seal(_key(certificate, path), digest)


def _only(found: Sequence[Certificate], path: str) -> Certificate:
    if not found:
        raise UsageError(f"{path} is no certificate in PEM", hint=_FETCH, code=Code.SEALING)
    if len(found) > 1:
        raise UsageError(
            f"{path} has {len(found)} certificates, and the controller seals with one",
            hint=f"{_FETCH}; a chain belongs to TLS",
            code=Code.SEALING,
        )
    return found[0]


def _key(certificate: Certificate, path: str) -> RSAPublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise UsageError(
            f"{path} has no RSA key, which a sealing certificate has",
            hint=_FETCH,
            code=Code.SEALING,
        )
    if key.key_size < _SMALLEST:
        raise UsageError(
            f"{path} has an RSA key of {key.key_size} bits, too few for what is committed: at least"
            f" {_SMALLEST} are needed",
            hint=_FETCH,
            code=Code.SEALING,
        )
    return key


def _check_time(certificate: Certificate, path: str, now: datetime) -> None:
    end, start = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if now > end:
        raise UsageError(f"{path} has ended, on {end:%Y-%m-%d}", hint=_FETCH, code=Code.SEALING)
    if now < start:
        raise UsageError(
            f"{path} is valid from {start:%Y-%m-%d %H:%M} UTC on",
            hint=f"look at this machine's clock, or {_FETCH}",
            code=Code.SEALING,
        )
