"""Check of the provider of text messages, when there is one."""

from __future__ import annotations

from aftercall.doctor.result import Check, Result, fail, ok
from followup.errors import SettingsError
from followup.message_settings import MessageSettings
from followup.messages.providers import provider_of
from followup.secrets import Secrets

NAME = "text messages"
_MEND = "correct [messages] (keys, sign_name, templates) or the account with the provider"


def message_checks(settings: MessageSettings | None, secrets: Secrets | None) -> list[Check]:
    """Nothing where no messages are set up."""
    return [] if settings is None else [Check(NAME, lambda: _look(settings, secrets), _MEND)]


async def _look(settings: MessageSettings, secrets: Secrets | None) -> Result:
    try:
        provider = provider_of(settings, secrets.messages.get_secret_value() if secrets else "")
    except SettingsError as error:
        return fail(NAME, error.message, _MEND)
    try:
        wrong = await provider.look()
    finally:
        await provider.close()
    if wrong:
        return fail(NAME, wrong, _MEND)
    return ok(NAME, f"{settings.provider} knows the account and all {len(settings.templates)} "
                    "templates")
