"""Typed keys of what the application and its requests carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import jinja2
from aiohttp import web

from followup.database.engine import Database
from followup.database.notify import ChangeFeed
from followup.people.accounts import Accounts
from followup.people.models import Role, User, WebSession
from followup.settings import Settings
from ivr.prompts.book import PromptBook
from recordings.vault import Vault
from webconsole.i18n import Catalogue

SETTINGS = web.AppKey("settings", Settings)
DATABASE = web.AppKey("database", Database)
ACCOUNTS = web.AppKey("accounts", Accounts)
FEED = web.AppKey("feed", ChangeFeed)
TEMPLATES = web.AppKey("templates", jinja2.Environment)
CATALOGUES = web.AppKey("catalogues", dict[str, Catalogue])
BOOK = web.AppKey("book", PromptBook)
VAULT = web.AppKey("vault", Vault)
TIMEZONE = web.AppKey("timezone", ZoneInfo)


@dataclass(slots=True)
class Visitor:
    """Whoever sent the request. Before sign-in ``session`` is None and the role none at all."""

    address: str
    locale: str
    csrf_token: str
    csrf_is_new: bool = False             # the browser does not have the cookie yet
    token: str | None = field(default=None, repr=False)
    session: WebSession | None = None

    @property
    def user(self) -> User | None:
        return self.session.user if self.session else None

    @property
    def role(self) -> Role | None:
        return self.user.role if self.user else None

    @property
    def actor(self) -> str:
        """The name for the audit trail."""
        return self.user.username if self.user else ""


VISITOR = web.RequestKey("visitor", Visitor)
