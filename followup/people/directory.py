"""Who somebody is by the hospital's directory: password, name, and the role their groups give."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sansldap

from followup.errors import SettingsError
from followup.people.ldap import Connection, DirectoryAway, Entry, connected
from followup.people.models import Role
from followup.sign_in_settings import DN, USERNAME, DirectorySettings

# what tells of a disabled account; a lock of the last one that ends by itself is none
_DISABLED_BY = ("userAccountControl", "nsAccountLock", "pwdAccountLockedTime")
_FOR_GOOD = "000001010000Z"
_ESCAPED = re.compile(r"[\\*()\x00]")


@dataclass(frozen=True)
class Person:
    """Somebody whose password the directory has confirmed. ``role`` None: in no group of ours."""

    name: str
    role: Role | None


def fill_in(query: str, *, username: str = "", dn: str = "") -> str:
    """A filter of the settings with its fields, escaped so that they are only ever values."""
    return query.replace(USERNAME, _escape(username)).replace(DN, _escape(dn))


def role_of(groups: Iterable[str], settings: DirectorySettings) -> Role | None:
    """The role of the first group of the settings that is among ``groups`` (DNs)."""
    found = {_plain(group) for group in groups}
    for group, role in settings.roles.items():
        if _plain(group) in found:
            return Role(role)
    return Role(settings.default_role) if settings.default_role else None


def is_disabled(entry: Entry) -> bool:
    """As Active Directory, 389 Directory Server or OpenLDAP say so."""
    def told(name: str) -> str:
        return next(iter(entry.attributes.get(name.lower(), ())), "")

    control, lock, locked = map(told, _DISABLED_BY)
    return (control.isdigit() and bool(int(control) & 2)) or lock.lower() == "true" \
        or locked == _FOR_GOOD


class Directory:
    """Asks the directory; each question is a connection of its own."""

    def __init__(self, settings: DirectorySettings) -> None:
        """SettingsError when a filter does not read."""
        self.settings = settings
        for name in ("user_filter", "group_filter"):
            query = getattr(settings, name)
            try:
                if query:
                    sansldap.LDAPFilter.from_string(fill_in(query, username="x", dn="cn=x"))
            except ValueError as error:
                raise SettingsError(f"directory.{name}: does not read as an LDAP filter") from error

    async def sign_in(self, username: str, password: str) -> Person | None:
        """The person, when there is exactly one of that name and the password is theirs.

        A name that nobody has takes the same steps. DirectoryAway: no answer, or no sense in it.
        """
        async with connected(self.settings) as connection:
            await self._introduce(connection)
            found = await connection.search(
                self.settings.base, fill_in(self.settings.user_filter, username=username),
                self._attributes(), limit=2)
            entry = found[0] if len(found) == 1 else Entry(f"cn=nobody,{self.settings.base}", {})
            groups = await self._groups(connection, entry, username)
            if not await connection.bind(entry.dn, password) or len(found) != 1:
                return None
        return self._person(entry, username, groups)

    async def present(self, username: str) -> Person | None:
        """The person as they are there by now, no password asked; None when there is none, or one
        that is disabled. DirectoryAway: no answer, or no sense in it."""
        async with connected(self.settings) as connection:
            await self._introduce(connection)
            found = await connection.search(
                self.settings.base, fill_in(self.settings.user_filter, username=username),
                [*self._attributes(), *_DISABLED_BY], limit=2)
            if len(found) != 1 or is_disabled(found[0]):
                return None
            return self._person(found[0], username,
                                await self._groups(connection, found[0], username))

    def _person(self, entry: Entry, username: str, groups: Iterable[str]) -> Person:
        name = next((entry.attributes[key.lower()][0]
                     for key in (self.settings.name_attribute, "cn")
                     if entry.attributes.get(key.lower())), username)
        return Person(name.strip()[:40] or username, role_of(groups, self.settings))

    async def look(self) -> str | None:
        """For doctor: what is wrong though it answers; None when all is well."""
        async with connected(self.settings) as connection:
            await self._introduce(connection)
            if not await connection.search(self.settings.base, "(objectClass=*)", ["1.1"],
                                           limit=1, here=True):
                return f"base {self.settings.base!r} is not there, or hidden from bind_dn"
        return None

    async def _introduce(self, connection: Connection) -> None:
        if self.settings.bind_dn and not await connection.bind(
                self.settings.bind_dn, self.settings.bind_password.get_secret_value()):
            raise DirectoryAway("it refuses bind_dn with bind_password")

    def _attributes(self) -> list[str]:
        told = [self.settings.name_attribute, "cn"]
        return [*told, self.settings.group_attribute] if self.settings.group_attribute else told

    async def _groups(self, connection: Connection, entry: Entry, username: str) -> list[str]:
        groups = list(entry.attributes.get((self.settings.group_attribute or "").lower(), ()))
        if self.settings.group_filter:
            groups += [group.dn for group in await connection.search(
                self.settings.base,
                fill_in(self.settings.group_filter, username=username, dn=entry.dn), ["1.1"])]
        return groups


def _escape(value: str) -> str:
    return _ESCAPED.sub(lambda found: f"\\{ord(found[0]):02x}", value)


def _plain(dn: str) -> str:
    return re.sub(r"\s*([,=])\s*", r"\1", dn.strip()).lower()
