"""A certificate authority for the tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

from pgtenant.embedded import Tls

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA and the certificate it issued for loopback.

    Attributes:
        ca_file: what clients trust.
        tls: what servers present: `localhost`, `127.0.0.1`, `::1`.
    """

    ca_file: Path
    tls: Tls


def make_authority(directory: Path) -> Authority:
    """Writes a new CA and a certificate of it into `directory`."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost", "127.0.0.1", "::1")
    ca_file, certificate, key = (
        directory / name for name in ("ca.pem", "server.pem", "server.key")
    )
    ca.cert_pem.write_to_path(str(ca_file))
    issued.private_key_pem.write_to_path(str(key))
    for part in issued.cert_chain_pems:
        part.write_to_path(str(certificate), append=True)
    return Authority(ca_file, Tls(certificate, key))
