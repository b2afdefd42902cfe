"""A sealed-secrets controller's side: its certificate, and how it opens what was sealed for it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 6, 1, tzinfo=UTC)
"""A moment within the validity of a controller's certificate."""


@dataclass(frozen=True)
class Controller:
    """A key pair, and a certificate that it has signed itself, as the controller's is."""

    key: rsa.RSAPrivateKey

    @cached_property
    def certificate(self) -> bytes:
        return self.certified(NOW - timedelta(days=30), NOW + timedelta(days=365 * 100))

    def certified(self, start: datetime, end: datetime) -> bytes:
        return _certificate(self.key, start, end)

    @cached_property
    def fingerprint(self) -> str:
        found = x509.load_pem_x509_certificate(self.certificate)
        return found.fingerprint(hashes.SHA256()).hex()

    @cached_property
    def private(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @cached_property
    def public(self) -> str:
        return (
            self.key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    def opened(self, value: str, label: str) -> str:
        """Open a value as `crypto.HybridDecrypt` of the controller does, or raise `ValueError`."""
        data = base64.b64decode(value, validate=True)
        length = int.from_bytes(data[:2], "big")
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label.encode())
        session = self.key.decrypt(data[2 : 2 + length], oaep)
        return AESGCM(session).decrypt(bytes(12), data[2 + length :], None).decode()


@lru_cache(maxsize=2)
def controller(name: str = "ours") -> Controller:
    """Return a controller, for each name another one."""
    del name
    return Controller(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def certificate_without_rsa() -> bytes:
    """Return a certificate that no controller has."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate(key, NOW - timedelta(days=1), NOW + timedelta(days=365 * 100))


def _certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sealed-secrets")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
