"""Check of the provider of text messages, when there is one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from aftercall.doctor.result import Check, Result, fail, ok
from followup.database.engine import Database
from followup.errors import SettingsError
from followup.message_settings import MessageSettings, MessageTemplate
from followup.messages import templates
from followup.messages.providers import provider_of
from followup.secrets import Secrets

NAME = "text messages"
_MEND = "correct [messages] (keys, sign_name, templates) or the account with the provider"


def message_checks(settings: MessageSettings | None, secrets: Secrets | None,
                   database: Database | None) -> list[Check]:
    """Nothing where no messages are set up."""
    if settings is None:
        return []
    return [Check(NAME, lambda: _look(settings, secrets, database), _MEND)]


async def _look(settings: MessageSettings, secrets: Secrets | None,
                database: Database | None) -> Result:
    try:
        provider = provider_of(settings, secrets.messages.get_secret_value() if secrets else "")
    except SettingsError as error:
        return fail(NAME, error.message, _MEND)
    try:
        known = await _templates(settings, database)
        wrong = await provider.look(known) if known else "no template is set up to be sent"
    finally:
        await provider.close()
    if wrong:
        return fail(NAME, wrong, _MEND)
    return ok(NAME, f"{settings.provider} knows the account and all {len(known)} templates")


async def _templates(settings: MessageSettings,
                     database: Database | None) -> Sequence[MessageTemplate]:
    """Those of the console; those of the file where none were taken over yet."""
    if database is None:
        return settings.templates
    try:
        async with database.session() as session:
            return await templates.offered(session) or settings.templates
    except (OSError, SQLAlchemyError):              # the check of the database says why
        return settings.templates
