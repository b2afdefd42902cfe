"""`pgtenant verify`: log in as every role, and see what it can and cannot reach."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pgtenant.access import analyse
from pgtenant.access.holes import HoleKind
from pgtenant.catalog.model import Auth
from pgtenant.errors import SecretError, ServerError
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.retirement.standing import in_service, without_login
from pgtenant.planning.tenants.slugs import closed_like
from pgtenant.postgres.attempts import (
    carry_out,
    impersonate,
    look_around,
    make_and_look,
    trespass,
)
from pgtenant.postgres.connect import Gate, Login
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.verify_facts import read_facts
from pgtenant.postgres.visits import Patience, patient_gate, visiting
from pgtenant.report.progress import Progress
from pgtenant.secrets.iam import IamTokens
from pgtenant.usecases.access import read_access
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.look import Instance, connected
from pgtenant.verify import answers, hygiene, inside, inventory, judging
from pgtenant.verify.attributes import attributes
from pgtenant.verify.causes import aligned
from pgtenant.verify.facts import Ground
from pgtenant.verify.findings import Finding, rank
from pgtenant.verify.hygiene import ACL_BYTES
from pgtenant.verify.model import Attempt, Kind, Observation, Outcome, Result, judged
from pgtenant.verify.outcome import Count, Verification
from pgtenant.verify.pairs import Matrix, connections, impersonations, sealed


async def verify(
    inputs: Inputs, progress: Progress, *, seed: int, everything: bool = False
) -> Verification:
    """Attempt, analyse and look at the instance; nothing is changed and no lock is taken.

    Args:
        inputs: catalog and secrets; a bad secret leaves its role not proven.
        progress: told of each role.
        seed: of the samples, should there be more pairs than are attempted.
        everything: attempt all pairs, however many.

    Raises:
        ServerError: the instance could not be read.
    """
    async with connected(inputs) as instance:
        ground = await read_ground(instance)
        tried = connections(ground, seed=seed, everything=everything)
        become = impersonations(ground, seed=seed, everything=everything)
        work = _Work(instance, ground, progress, token=f"{seed:x}")
        await work.run(tried, become)
        findings = (*hygiene.findings(ground), *work.findings)
        closed, disabled = sealed(ground), without_login(ground.observed)
        holes = tuple(
            hole
            for hole in analyse(await read_access(instance), inputs.desired)
            if hole.kind is not HoleKind.NOT_LOOKED_INTO or hole.database not in closed
            if hole.who not in disabled  # what it holds is put back with it, or goes with it
        )
        results = [*work.results, *judging.unattempted(ground, tried, become)]
    return Verification(
        environment=inputs.environment,
        results=aligned(sorted(results, key=lambda result: result.rank), holes),
        holes=holes,
        findings=tuple(sorted(findings, key=rank)),
        connections=_count(tried, work.tried[Kind.CONNECT]),
        impersonations=_count(become, work.tried[Kind.BECOME]),
        seed=seed,
        roles=len(ground.desired.roles),
        databases=len(ground.observed.databases),
        server_version=ground.observed.server.version,
        encrypted=(work.encrypted, work.sessions),
        sealed=closed,
    )


async def verify_instance(inputs: Inputs) -> tuple[Finding, ...]:
    """Look at the instance alone, as the admin.

    Raises:
        ServerError: the instance could not be read.
    """
    async with connected(inputs) as instance:
        return hygiene.findings(await read_ground(instance))


async def read_ground(instance: Instance) -> Ground:
    """Read the shared catalogs.

    Raises:
        ServerError: the instance could not be read.
    """
    desired = instance.inputs.desired
    names = desired.names
    observed = await observe_instance(instance.primary, roles=names, extensions=())
    facts = await read_facts(instance.primary, observed, roles=names)
    return Ground(desired=in_service(observed, desired), observed=observed, facts=facts)


def _count(matrix: Matrix, attempted: int) -> Count:
    return Count(total=matrix.total, attempted=attempted, proven=matrix.total)


@dataclass(slots=True)
class _Work:
    """The attempts of one verification.

    Each role's are made one after the other: side by side they would fill its own limit.

    Attributes:
        tried: how many pairs of each kind were attempted.
        encrypted: how many sessions had TLS, of `sessions`.
    """

    instance: Instance
    ground: Ground
    progress: Progress
    token: str
    results: list[Result] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tried: dict[Kind, int] = field(default_factory=lambda: {Kind.CONNECT: 0, Kind.BECOME: 0})
    encrypted: int = 0
    sessions: int = 0
    patience: Patience = field(default_factory=Patience)
    tokens: IamTokens = field(init=False)

    def __post_init__(self) -> None:
        admin = self.instance.inputs.admin
        self.tokens = IamTokens(admin.host, admin.port)

    async def run(self, tried: Matrix, become: Matrix) -> None:
        """Try everything, within the connection budget."""
        visits: dict[str, list[Attempt]] = {}
        for attempt in tried.attempts:
            visits.setdefault(attempt.role, []).append(attempt)
        targets: dict[str, list[str]] = {}
        for attempt in become.attempts:
            targets.setdefault(attempt.role, []).append(attempt.target)
        queue = deque(self.ground.desired.roles)
        self.progress.start(len(queue))
        gate = patient_gate(self.instance.gate)
        workers = max(1, min(len(queue), self.instance.inputs.settings.server.connections - 1))
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(workers):
                    tasks.create_task(self._worker(queue, gate, visits, targets))
        finally:
            self.progress.stop()

    async def _worker(
        self,
        queue: deque[DesiredRole],
        gate: Gate,
        visits: dict[str, list[Attempt]],
        targets: dict[str, list[str]],
    ) -> None:
        databases = {d.name: d for d in self.ground.desired.databases}
        while queue:
            role = queue.popleft()
            self.progress.advance(role.entry, f"trying as {role.name}")
            tenant = _Tenant(
                work=self,
                gate=gate,
                role=role,
                database=databases[role.database],
                targets=tuple(targets.get(role.name, ())),
            )
            await tenant.run(visits.get(role.name, []))


@dataclass(slots=True)
class _Tenant:
    """One role's attempts.

    Attributes:
        proven: whether the server took its password.
    """

    work: _Work
    gate: Gate
    role: DesiredRole
    database: DesiredDatabase
    targets: tuple[str, ...]
    proven: bool = False

    async def run(self, visits: Sequence[Attempt]) -> None:
        """Try to get in everywhere, its own database first."""
        ground = self.work.ground
        if self.role.name not in ground.facts.roles:
            self._tell(judging.missing_role(self.role))
            return
        self._tell(*attributes(self.role, ground))
        login = await self._login()
        if isinstance(login, str):
            self._nothing(visits, answers.unknown("", login))
            return
        if self.role.database not in ground.observed.databases:
            self._tell(judging.missing_database(self.role))
        for number, attempt in enumerate(visits):
            stop = await self._visit(login, attempt)
            if stop is not None:
                self._nothing(visits[number + 1 :], stop)
                return

    async def _login(self) -> Login | str:
        """Return how the role logs in, or why nobody here can."""
        work = self.work
        if self.role.auth is not Auth.IAM:
            login = work.instance.login(self.role)
            return login or judging.no_login(self.role, work.instance.inputs.bad_secrets)
        if work.instance.inputs.settings.secrets.store != "aws":
            return judging.UNTRIED_IAM
        try:
            token = await work.tokens.token(self.role.name)
        except SecretError as error:
            return f"no IAM token could be made for it: {error.message}"
        return Login(self.role.name, token.reveal())

    def _nothing(self, visits: Sequence[Attempt], why: Observation) -> None:
        """Leave everything that is left unproven."""
        self._tell(*(judged(attempt, why) for attempt in visits))
        self._tell(*judging.unproven_impersonations(self.role, self.targets, why))
        self.targets = ()

    async def _visit(self, login: Login, attempt: Attempt) -> Observation | None:
        """Try one database; return why all others need not be tried, if so."""
        work = self.work
        if unsendable := judging.unsendable(attempt):
            self._tell(judged(attempt, unsendable))
            return None
        own = attempt.database == self.role.database
        async with visiting(self.gate, login, attempt.database, work.patience) as visit:
            work.tried[Kind.CONNECT] += 1
            self.proven = self.proven or answers.proves_password(visit.answer)
            answer = answers.of_login(visit.answer, proven=self.proven)
            observation = judging.checked(attempt, answer, work.ground)
            if self.role.auth is Auth.IAM:
                observation = judging.of_token(observation)
            self._tell(judging.connection(attempt, observation, work.ground))
            if visit.connection is not None:
                work.sessions += 1
                work.encrypted += bool(visit.connection.pgconn.ssl_in_use)
                if not visit.connection.pgconn.used_password:
                    work.findings.append(hygiene.no_password(attempt.database, self.role.name))
                await self._stay(visit.connection, attempt, own=own)
            elif own:
                # Somewhere else it may get in, and what it can become is the same everywhere.
                self._unproven_inside(observation)
        return observation if answers.wrong_password(visit.answer) else None

    async def _stay(self, connection: Connection, attempt: Attempt, *, own: bool) -> None:
        try:
            if own:
                await self._own(connection)
            elif attempt.expected is Outcome.REFUSED:
                found = await trespass(connection, inside.new_name(self.work.token))
                self._tell(*judging.trespassed(attempt, found, self.work.ground))
        except ServerError as error:
            self._tell(judging.interrupted(attempt, error.sqlstate, error.message))

    async def _own(self, connection: Connection) -> None:
        work, ground = self.work, self.work.ground
        if self.targets:
            targets, self.targets = self.targets, ()
            seen = await impersonate(connection, targets)
            work.tried[Kind.BECOME] += len(seen)
            self._tell(*judging.impersonated(self.role, seen, ground))
        at_home = inventory.at_home(self.database, ground)
        closed = closed_like(self.database.isolation)
        found = await look_around(connection, at_home=at_home, acl_bytes=ACL_BYTES, closed=closed)
        work.findings += inventory.left_out(self.role, self.database, found)
        probes = inside.probes(self.role, self.database, ground, found, work.token)
        if self.role is self.database.owner:
            work.findings += hygiene.large_acls(self.database.name, found.large_acls)
        if self.role is self.database.owner and not found.event_triggers:
            names = inside.new_relations(found, work.token)
            tried, rows = await make_and_look(connection, probes, names)
            self._tell(*inside.defaults(rows, self.database, ground, found))
        else:
            tried = await carry_out(connection, probes, ddl=not found.event_triggers)
        self._tell(*(judged(p.attempt, observation, p.cure) for p, observation in tried))

    def _unproven_inside(self, observation: Observation) -> None:
        why = replace(observation, outcome=Outcome.UNKNOWN)
        self._tell(*judging.unproven_impersonations(self.role, self.targets, why))
        self.targets = ()

    def _tell(self, *results: Result) -> None:
        self.work.results += results
