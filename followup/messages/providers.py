"""The provider that the settings name."""

from __future__ import annotations

from followup.errors import SettingsError
from followup.message_settings import MessageSettings
from followup.messages.aliyun import Aliyun
from followup.messages.provider import Provider


def provider_of(settings: MessageSettings, key: str) -> Provider:
    """``key``: the line ``messages`` of secrets.toml, where the settings hold none. SettingsError
    when there is no key at all."""
    secret = settings.access_key_secret.get_secret_value() or key
    if not secret:
        raise SettingsError("messages.access_key_secret: expected the account's key there, or as "
                            "the line `messages` of secrets.toml")
    return Aliyun(settings, secret)
