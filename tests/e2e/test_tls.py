"""TLS: off localhost, and by default wherever it is asked for, nothing weaker than verify-full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import trustme

from pgtenant.embedded import Tls
from support import tls
from support.instance import Instance
from support.oracle import sent
from support.project import Project

ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}
WITHOUT_TLS = {"ssl": "off"}


def _refused(project: Project, says: str) -> None:
    mark = project.instance.log_mark()
    for result in (project.plan(), project.apply()):
        assert result.code == 1, result.output
        assert says in result.err
        assert "Traceback" not in result.err
        assert result.json["error"]["hint"]
    assert sent(project.instance.log_since(mark)) == []


def test_a_foreign_authority_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = tls.make_authority(tmp_path / "other")
    project.settings = {"server": {"sslrootcert": str(other.ca_file)}}
    project.write(ENTRIES)
    _refused(project, "not signed by the CA")


def test_a_missing_bundle_is_refused(project: Project) -> None:
    project.settings = {"server": {"sslrootcert": "no-such-bundle.pem"}}
    project.write(ENTRIES)
    _refused(project, "sslrootcert")


def test_another_host_name_is_refused(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("db.example.com")
    ca, key, certificate = (tmp_path / name for name in ("ca.pem", "key.pem", "cert.pem"))
    authority.cert_pem.write_to_path(str(ca))
    issued.private_key_pem.write_to_path(str(key))
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    instance = private_instance(tls=Tls(certificate, key))
    project = Project(root=tmp_path, instance=replace(instance, ca_file=ca))
    project.write(ENTRIES)
    _refused(project, "correct the secret's host")


def test_a_server_without_tls_is_refused(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    project = Project(root=tmp_path, instance=private_instance(settings=WITHOUT_TLS))
    project.write(ENTRIES)
    _refused(project, "no TLS")
    # Asked for in the settings, less is enough.
    project.settings = {"server": {"sslmode": "disable"}}
    project.write(ENTRIES)
    project.converge()


def test_off_localhost_the_default_is_verify_full(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    """127.0.0.2 is loopback, and not one of the names that count as this machine."""
    instance = private_instance(settings={"listen_addresses": "127.0.0.1,127.0.0.2"})
    project = Project(root=tmp_path, instance=replace(instance, host="127.0.0.2"))
    project.write(ENTRIES)
    toml = project.root / "pgtenant.toml"
    toml.write_text('[secrets]\nstore = "file"\n')
    for result in (project.plan(), project.apply()):
        assert result.code == 1
        assert "set [server] sslrootcert to a CA bundle" in result.err
