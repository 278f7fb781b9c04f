"""Typed keys of what the application and its requests carry."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import jinja2
from aiohttp import web

from followup.cases.messages import Post
from followup.database.engine import Database
from followup.database.notify import ChangeFeed
from followup.people.models import Role, User, WebSession
from followup.people.permissions import SEES_ALL_DEPARTMENTS, Grants, Right
from followup.people.roles import GrantsBook
from followup.people.scope import Scope, scope_of
from followup.people.sign_in import Accounts
from followup.settings import Settings
from ivr.prompts.book import PromptBook
from recordings.attachments import Attachments
from recordings.vault import Vault
from webconsole.i18n import Catalogue

SETTINGS = web.AppKey("settings", Settings)
DATABASE = web.AppKey("database", Database)
ACCOUNTS = web.AppKey("accounts", Accounts)
GRANTS = web.AppKey("grants", GrantsBook)
FEED = web.AppKey("feed", ChangeFeed)
TEMPLATES = web.AppKey("templates", jinja2.Environment)
CATALOGUES = web.AppKey("catalogues", Mapping[str, Catalogue])
BOOK = web.AppKey("book", PromptBook)
VAULT = web.AppKey("vault", Vault)
ATTACHMENTS = web.AppKey("attachments", Attachments)
TIMEZONE = web.AppKey("timezone", ZoneInfo)
POST: web.AppKey[Post | None] = web.AppKey("post")         # None: no messages are set up


@dataclass(slots=True)
class Visitor:
    """Whoever sent the request. Before sign-in ``session`` is None and the role none at all."""

    address: str
    locale: str
    csrf_token: str
    csrf_is_new: bool = False             # the browser does not have the cookie yet
    token: str | None = field(default=None, repr=False)
    session: WebSession | None = None
    grants: Grants = field(default_factory=Grants, repr=False)
    cases_wanting: int = 0                # them, as the menu tells

    @property
    def user(self) -> User | None:
        return self.session.user if self.session else None

    @property
    def role(self) -> Role | None:
        return self.user.role if self.user else None

    def owes(self, second_step_roles: Container[str]) -> str:
        """What must be done before anything else: ``password``, ``second_step``, or nothing."""
        user = self.user
        if user is None:
            return ""
        if user.must_change_password:
            return "password"
        return "second_step" if user.role in second_step_roles and not user.second_step else ""

    def may(self, right: Right) -> bool:
        """Has their role the permission, or one of several?"""
        return self.grants.may(self.role, right)

    @property
    def scope(self) -> Scope:
        """The rows they see."""
        return scope_of(self.user, all_by_role=self.may(SEES_ALL_DEPARTMENTS))

    @property
    def actor(self) -> str:
        """The name for the audit trail."""
        return self.user.username if self.user else ""


VISITOR = web.RequestKey("visitor", Visitor)
