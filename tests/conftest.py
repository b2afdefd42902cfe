"""Fixtures for every test; `support/README.md` describes them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import settings

from support import majors, moto, tls
from support.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgtenant.embedded import Distribution
    from support.instance import Instance

_RUN_DIRECTORY = pytest.StashKey[Path]()

# How long an example takes is the machine's business, and what a change breaks is not to depend on
# which examples a run happens to try: they are looked for where somebody waits for them.
_explores = "PGTENANT_TEST_EXAMPLES" in os.environ
settings.register_profile("patient", deadline=None, derandomize=not _explores)
settings.load_profile("patient")


class PrivateInstance(Protocol):
    """Starts a server of the test's own; see `Fleet.private` for the options."""

    def __call__(self, **options: Any) -> Instance: ...


def pytest_configure(config: pytest.Config) -> None:
    # A shell ignores them for what it starts in the background, and so would our child processes.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    given = getattr(config, "workerinput", {}).get("run_directory")
    directory = Path(given or tempfile.mkdtemp(prefix="pgtenant-tests-"))
    config.stash[_RUN_DIRECTORY] = directory
    if given is None:
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["run_directory"] = str(node.config.stash[_RUN_DIRECTORY])


def pytest_unconfigure(config: pytest.Config) -> None:
    # Later than the terminal summary, so that this is the last line.
    is_worker = hasattr(config, "workerinput")
    line = None if is_worker else majors.summary(config.stash[_RUN_DIRECTORY])
    if line is not None:
        config.get_terminal_writer().line(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pg_major" not in metafunc.fixturenames:
        return
    found = list(majors.resolve(metafunc.config.stash[_RUN_DIRECTORY]).found)
    limits = metafunc.definition.get_closest_marker("major")
    low, high = _limits(**(limits.kwargs if limits else {}))
    fitting = [major for major in found if low <= major <= high]
    if metafunc.definition.get_closest_marker("every_major") is None:
        found = fitting[-1:]
    # What holds on the oldest and the newest is seldom wrong between them.
    marks = dict.fromkeys(fitting[1:-1], pytest.mark.slow)
    marks |= {major: _skip(major, low, high) for major in found if major not in fitting}
    parameters = [
        pytest.param(major, id=f"pg{major}", marks=marks.get(major, ())) for major in found
    ]
    missing = pytest.param(0, id="none", marks=_skip(None, low, high))
    metafunc.parametrize("pg_major", parameters or [missing], indirect=True)


def _limits(min: int = 0, max: int = 1000) -> tuple[int, int]:  # noqa: A002
    return min, max


def _skip(major: int | None, low: int, high: int) -> pytest.MarkDecorator:
    wanted = [f"{low} or newer"] if low > 0 else []
    wanted += [f"{high} or older"] if high < 1000 else []
    reason = f"needs PostgreSQL {' and '.join(wanted)}".rstrip()
    here = "which cannot be had here" if major is None else f"this is {major}"
    return pytest.mark.skip(reason=f"{reason}, {here}")


@pytest.fixture
def pg_major(request: pytest.FixtureRequest) -> int:
    """The PostgreSQL major that this test runs on."""
    major: int = request.param
    return major


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tls.Authority:
    """The CA of the test servers."""
    return tls.make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def fleet(pytestconfig: pytest.Config, authority: tls.Authority) -> Iterator[Fleet]:
    """The servers of this process."""
    directory = pytestconfig.stash[_RUN_DIRECTORY]
    with contextlib.closing(Fleet(majors.resolve(directory), authority, directory)) as fleet:
        yield fleet


@pytest.fixture
def distribution(fleet: Fleet, pg_major: int) -> Distribution:
    """PostgreSQL's program files."""
    return fleet.distribution(pg_major)


@pytest.fixture
def instance(fleet: Fleet, pg_major: int) -> Iterator[Instance]:
    """An RDS-like server in its first state. Leave it running; anything else may be done to it."""
    with fleet.shared(pg_major) as instance:
        yield instance


@pytest.fixture
def private_instance(fleet: Fleet, pg_major: int) -> Iterator[PrivateInstance]:
    """Starts RDS-like servers of the test's own, to stop, break or configure."""
    with contextlib.ExitStack() as stack:
        start: Callable[..., Instance] = lambda **options: stack.enter_context(  # noqa: E731
            fleet.private(pg_major, **options)
        )
        yield start


@pytest.fixture(scope="session")
def moto_service() -> Iterator[moto.Moto]:
    """The AWS endpoint of this process; use `moto_server`."""
    with moto.serve() as service:
        yield service


@pytest.fixture
def moto_server(moto_service: moto.Moto) -> Iterator[moto.Moto]:
    """An empty AWS endpoint. Pass its `env` to a child process, or set it with monkeypatch."""
    yield moto_service
    moto_service.reset()
