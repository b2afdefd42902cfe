"""`pgtenant bootstrap`: make the delegated admin with the master, or give its powers back.

The order survives a crash anywhere: the secret is stored before the role gets its password,
what the role needs commits with it, and a login proves all of it at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from psycopg import sql

from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.errors import AuditError, AuthorityError, PgtenantError, ServerError
from pgtenant.planning.authority import Missing, missing_loan
from pgtenant.planning.bootstrap import (
    Batch,
    Delegation,
    left_over,
    obstacles,
    plan_bootstrap,
    plan_undo,
)
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import PasswordState
from pgtenant.planning.sql.delegation import batch_script
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres import scram
from pgtenant.postgres.authority import admins_of, refused_loans
from pgtenant.postgres.connect import Login
from pgtenant.postgres.delegation import admin_options, refused_admin_grants
from pgtenant.postgres.execute import UnconfirmedError, run
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.probe import try_login
from pgtenant.report.delegated import step_sentence
from pgtenant.usecases.blame import blame
from pgtenant.usecases.delegate_rows import STORING, batch_rows, by_steps, planned_steps
from pgtenant.usecases.delegate_secret import DelegateSecret
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.locked import locked
from pgtenant.usecases.look import Instance, connected
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rows import failed_run, in_doubt, short
from pgtenant.usecases.settle import server_of, settle


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a bootstrap did or, in a dry run, would do.

    Attributes:
        left: what somebody else has to do.
        lending: how the master borrows.
        stored: whether the secret is or would be written.
    """

    batches: tuple[Batch, ...]
    left: tuple[Missing, ...]
    lending: Lending
    stored: bool = False

    @property
    def changed(self) -> bool:
        """Return whether there was anything to do."""
        return self.stored or bool(self.batches)


@dataclass(slots=True)
class Bootstrap:
    """One run of the command.

    Attributes:
        inputs: of the master: its catalog may be empty.
        role: the delegated admin.
        secret: its secret; None for an undo, which has no use for it.
        lock_wait: how many seconds to wait for another run.
        show: called with what will be done before anything is.
    """

    inputs: Inputs
    recorder: Recorder
    role: str
    secret: DelegateSecret | None
    lock_wait: float
    dry_run: bool
    show: Callable[[Outcome], None] = lambda _: None

    async def run(self) -> Outcome:
        """Carry it out.

        Raises:
            AuthorityError: something stands in the way; nothing was changed.
            LockHeldError: another run holds the instance.
            SecretError: the secret could not be written.
            ServerError: the server failed.
        """
        try:
            async with connected(self.inputs) as instance:
                return await self._run(instance)
        except AuditError:
            raise
        except PgtenantError as error:
            if not self.recorder.own:
                if not self.recorder.audit.links:
                    await self.recorder.start(self._facts())
                await self._record(Action.RUN, Status.ERROR, error.message)
            raise

    async def _run(self, instance: Instance) -> Outcome:
        if not self.dry_run:
            instance = await locked(instance, wait=self.lock_wait)
            if self.secret is not None:
                self.secret = await self.secret.read_again(self.role, self.inputs.admin)
        await self.recorder.start(self._facts(instance.primary.info.server_version))
        state = await self._look(instance)
        outcome = await self._plan(instance, state)
        self.show(outcome)
        if self.dry_run:
            for batch in outcome.batches:
                await self.recorder.write(
                    batch_rows(batch, outcome.lending, self.role, Status.DRY_RUN)
                )
        else:
            await self._announce(state, outcome)
            await self._carry_out(instance, outcome)
            outcome = replace(outcome, left=await self._prove(instance, state, outcome))
        if not outcome.changed:
            message = "the delegated admin is as it should be"
            await self._record(Action.CHECK, Status.NO_CHANGE, message)
        return outcome

    async def _look(self, instance: Instance) -> Delegation:
        observed = await observe_instance(instance.primary, roles=[self.role], extensions=())
        master, secret = observed.server.admin.name, self.secret
        held = await admin_options(instance.primary, {self.role, master})
        existing = observed.roles.get(self.role)
        password = PasswordState.UNPROVEN
        if secret is not None and secret.stored and existing is not None and existing.login:
            password, _ = judge(
                await try_login(
                    instance.gate, self._login(secret), self.inputs.maintenance_database
                ),
                expired=existing.expired,
                rds_iam=existing.rds_iam,
            )
        state = Delegation(
            observed=observed,
            environment=self.inputs.environment,
            role=self.role,
            secret=secret.name if secret is not None else "",
            secret_stored=secret is not None and secret.stored,
            password=password,
            held=held[self.role],
            held_by_master=held[master],
        )
        await self._refuse(obstacles(state, undo=secret is None))
        if secret is None:
            return state
        refused = await refused_admin_grants(
            instance.primary, state.lacking, self.role, exists=existing is not None
        )
        return replace(state, refused=refused)

    async def _plan(self, instance: Instance, state: Delegation) -> Outcome:
        lending = Lending.of(state.observed)
        if self.secret is None:
            batches = plan_undo(state)
            borrowed = {batch.borrowed for batch in batches} - {""}
            await self._refuse(await self._unborrowable(instance, state, borrowed))
            return Outcome(batches=batches, left=(), lending=lending)
        batches = plan_bootstrap(state)
        return Outcome(batches, left_over(state), lending, stored=self.secret.to_write)

    async def _unborrowable(
        self, instance: Instance, state: Delegation, roles: set[str]
    ) -> tuple[Missing, ...]:
        refusals = await refused_loans(instance.primary, roles, Lending.of(state.observed))
        return tuple(
            [
                missing_loan(role, refusal, await admins_of(instance.primary, role), state.observed)
                for role, refusal in sorted(refusals.items())
            ]
        )

    async def _refuse(self, missing: tuple[Missing, ...]) -> None:
        if not missing:
            return
        lines = "\n".join(f"  {m.message}" for m in missing)
        cures = "\n".join(f"  {m.statement};  -- as {m.executor}" for m in missing if m.statement)
        error = AuthorityError(
            f"nothing was changed:\n{lines}",
            hint=f"have this run, then try again:\n{cures}" if cures else "",
        )
        await self._record(Action.PREFLIGHT, Status.ERROR, error.message)
        raise error

    async def _announce(self, state: Delegation, outcome: Outcome) -> None:
        """Say what will be done, and what an earlier bootstrap did without a record."""
        command = str(self.recorder.who.get("command", ""))
        judge = by_steps(outcome.batches, state, command, storing=outcome.stored)
        settlement = await settle(self.recorder, self.inputs, judge)
        storing = self.secret.name if self.secret is not None and outcome.stored else ""
        planned = planned_steps(outcome.batches, self.role, storing)
        await self.recorder.announce(planned, settlement)

    async def _carry_out(self, instance: Instance, outcome: Outcome) -> None:
        if self.secret is not None and self.secret.to_write:
            await self.secret.write()
            message = f"stored {self.secret.name}"
            await self._record(Action.STORE_SECRET, Status.SUCCESS, message, STORING.id)
        for batch in outcome.batches:
            began = time.monotonic()
            script = batch_script(
                batch, outcome.lending, lambda role, _: self._verifier(instance, role)
            )
            doing = step_sentence(batch.steps[0])
            try:
                async with blame(instance, instance.primary):
                    await run(instance.primary, script, transactional=True, doing=doing)
            except PgtenantError as error:
                stands = isinstance(error, UnconfirmedError)
                rows = batch_rows(
                    batch,
                    outcome.lending,
                    self.role,
                    Status.WARNING if stands else Status.ERROR,
                    because=error.message,
                    in_doubt=in_doubt(error),
                )
                await self.recorder.write([*rows, failed_run(error)] if stands else rows)
                raise
            duration = time.monotonic() - began
            rows = batch_rows(batch, outcome.lending, self.role, Status.SUCCESS, duration=duration)
            await self.recorder.write(rows)

    async def _prove(
        self, instance: Instance, state: Delegation, outcome: Outcome
    ) -> tuple[Missing, ...]:
        """Log in as the delegated admin and borrow what it has to manage; roll that back."""
        if self.secret is None:
            observed = await observe_instance(instance.primary, roles=[self.role], extensions=())
            again = replace(state, observed=observed)
            return await self._unborrowable(instance, again, set(state.managed))
        login, database = self._login(self.secret), self.inputs.maintenance_database
        outcome_of_login = await try_login(instance.gate, login, database)
        if not outcome_of_login.connected:
            raise ServerError(
                f"{self.role} was made and can't log in to {database}: {outcome_of_login.message}",
                hint="run again; what is left for others is listed above",
                sqlstate=outcome_of_login.sqlstate,
                code=Code.UNPROVEN_PASSWORD,
            )
        lending = Lending(
            admin=self.role,
            major=state.observed.server.major,
            free=frozenset(),
            restore={},
            superuser=False,
        )
        async with instance.gate.open(login, database) as connection:
            refusals = await refused_loans(connection, set(state.managed) - state.refused, lending)
        found = (
            Missing(f"{self.role} can't act as {role}: {refusal}", "", "")
            for role, refusal in sorted(refusals.items())
        )
        return (*outcome.left, *found)

    def _login(self, secret: DelegateSecret) -> Login:
        return Login(self.role, secret.password.reveal())

    def _verifier(self, instance: Instance, role: str) -> sql.Composable:
        assert self.secret is not None  # noqa: S101 - only a bootstrap sets passwords
        return scram.verifier(instance.primary, role, self.secret.password.reveal()).literal

    def _facts(self, version: int = 0) -> dict[str, str | int]:
        return {
            "server": server_of(self.inputs),
            "server_version": version,
            "admin": self.inputs.admin.username,
        }

    async def _record(self, action: Action, status: Status, message: str, *changes: str) -> None:
        row = Row(
            database="",
            username=self.role,
            action=action,
            status=status,
            message=short(message),
            changes=changes,
        )
        await self.recorder.write([row])
