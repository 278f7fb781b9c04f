"""The whole examination: every check there is, for these settings."""

from __future__ import annotations

from contextlib import AsyncExitStack

from aftercall.doctor.asterisk import NodeVisit, node_checks
from aftercall.doctor.database import database_checks, find_database
from aftercall.doctor.directory import directory_checks
from aftercall.doctor.keeper import keeper_checks
from aftercall.doctor.machine import machine_checks
from aftercall.doctor.messages import message_checks
from aftercall.doctor.recorder import recorder_checks
from aftercall.doctor.result import Check, Result, fail, run_checks
from followup.errors import AftercallError, SettingsError
from followup.secrets import Secrets, read_secrets
from followup.settings import NodeSettings, Settings

TIMEOUT_S = 12.0
_FIRST_START = "start Aftercall once (`aftercall up`), or set the node's ami_secret"


async def examine(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> list[Result]:
    """Look at every part, all at once; nothing is started, made or changed.

    Always one result a check, within about ``timeout_s`` seconds; never raises for a sick part.
    """
    async with AsyncExitStack() as stack:
        checks = [*machine_checks(settings), *directory_checks(settings.directory)]
        try:
            database = await find_database(settings)
        except AftercallError as error:
            checks.append(_failed("database", error.message, "correct database.url"))
            database = None
            checks += keeper_checks(settings, database)
        else:
            checks += [*database_checks(database), *keeper_checks(settings, database)]
            if database is not None:
                stack.push_async_callback(database.close)
        try:
            secrets = read_secrets(settings.data_dir)
        except (SettingsError, OSError):
            secrets = None                  # the check of the secrets says why
        checks += [*recorder_checks(settings),
                   *message_checks(settings.messages, secrets, database)]
        for node in settings.nodes:
            secret = _ami_secret(node, secrets)
            if secret is None:
                checks.append(_failed(f"{node.name}: AMI", "no secret to sign in with",
                                      _FIRST_START))
            else:
                visit = await stack.enter_async_context(NodeVisit(node, secret))
                checks += node_checks(visit, settings)
        return await run_checks(checks, timeout_s)


def _ami_secret(node: NodeSettings, secrets: Secrets | None) -> str | None:
    chosen = node.ami_secret or (secrets.ami if secrets else None)
    return chosen.get_secret_value() if chosen else None


def _failed(name: str, seen: str, what_to_do: str) -> Check:
    """A part that cannot even be looked at."""
    async def run() -> Result:
        return fail(name, seen, what_to_do)
    return Check(name, run)
