"""The embedded server: starts, keeps others out, reports what goes wrong."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import trustme

from pgtenant.embedded import Keeper, Server, StopMode, Tls, find_bundled, settings
from pgtenant.errors import PgtenantError
from support.fleet import fast_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgtenant.embedded import Distribution
    from support.fleet import Fleet
    from support.instance import Instance
    from support.tls import Authority


def test_bundled_server_starts_durable() -> None:
    try:
        bundled = find_bundled()
    except PgtenantError as error:
        pytest.skip(f"{error}: {error.hint}")
    with Server(bundled) as server, psycopg.connect(server.superuser_conninfo()) as connection:
        row = connection.execute(
            "SELECT current_setting('fsync'), current_setting('server_encoding'),"
            " datcollate, current_setting('unix_socket_directories')"
            " FROM pg_database WHERE datname = 'template0'"
        ).fetchone()
    assert row == ("on", "UTF8", "C", "")


def test_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(PgtenantError) as caught:
        find_bundled()
    assert "pgtenant[demo]" in caught.value.hint or "Linux on x86-64" in caught.value.message


@pytest.mark.every_major
def test_only_the_right_password_gets_in(instance: Instance) -> None:
    user = instance.server.superuser
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        instance.connect(user, "wrong", "postgres")
    rules = instance.su("SELECT DISTINCT type, auth_method FROM pg_hba_file_rules")
    assert rules == [("host", "scram-sha-256")]


@pytest.mark.every_major
def test_tls_is_verified(instance: Instance, tmp_path: Path) -> None:
    with psycopg.connect(instance.superuser_conninfo(sslmode="verify-full")) as connection:
        assert connection.pgconn.ssl_in_use
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(instance.superuser_conninfo(sslrootcert=str(stranger)))


def test_server_never_runs_as_root(instance: Instance) -> None:
    process = Path(f"/proc/{instance.server.pid}")
    assert process.stat().st_uid != 0
    status = (process / "status").read_text(encoding="ascii").splitlines()
    groups = next(line.split()[1:] for line in status if line.startswith("Groups:"))
    assert groups == [] or os.geteuid() != 0


def test_programs_that_only_we_can_reach_are_copied(
    fleet: Fleet, pg_major: int, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    source = fleet.distribution(pg_major)
    shutil.copytree(source.root, home / "pg", symlinks=True)
    closed = type(source)(source.version, home / "pg")
    with Server(closed, durable=False, keeper=fleet.keeper) as server:
        assert server.distribution.root.is_relative_to(home) == (os.geteuid() != 0)
    assert home.stat().st_mode & 0o777 == 0o700
    assert not server.data_directory.parent.exists()
    assert server.distribution.root.exists() == (os.geteuid() != 0)


def test_restart_keeps_port_and_data(private_instance: Callable[..., Instance]) -> None:
    instance = private_instance(settings={"work_mem": "5MB"})
    port = instance.port
    instance.su("CREATE DATABASE kept")
    for mode in (StopMode.FAST, StopMode.IMMEDIATE, StopMode.KILL):
        instance.server.restart(mode)
        assert instance.port == port
        assert instance.su("SHOW work_mem", dbname="kept") == [("5MB",)]


def test_another_port_is_tried_when_somebody_was_faster(
    private_instance: Callable[..., Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = settings.free_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        answers = [(taken, ("127.0.0.1",)), (taken, ("127.0.0.1", "::1"))]
        monkeypatch.setattr(settings, "free_port", lambda: answers.pop() if answers else real())
        assert private_instance().port != taken
        assert not answers


def test_a_failed_start_shows_the_log_and_leaves_nothing(
    distribution: Distribution, fleet: Fleet
) -> None:
    settings = {"work_mem": "it's \\ much"}
    server = Server(distribution, durable=False, settings=settings, keeper=fleet.keeper)
    with pytest.raises(PgtenantError, match=r"ended while starting\n(.*\n)*.*it's \\ much"):
        server.__enter__()
    assert not server.data_directory.parent.exists()


def test_tls_files_that_do_not_fit_are_an_error(
    private_instance: Callable[..., Instance], authority: Authority
) -> None:
    with pytest.raises(PgtenantError, match="key values mismatch"):
        private_instance(tls=Tls(authority.ca_file, authority.tls.key))


def test_server_outlives_the_thread_that_started_it(distribution: Distribution) -> None:
    with Keeper(fast_directory()) as keeper:
        server = Server(distribution, durable=False, keeper=keeper)
        thread = threading.Thread(target=server.__enter__)
        thread.start()
        thread.join()
        psycopg.connect(server.superuser_conninfo()).close()
        server.close()
        server.close()
