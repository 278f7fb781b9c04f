"""Check of the directory that people sign in with, when there is one."""

from __future__ import annotations

from aftercall.doctor.result import Check, Result, fail, ok, warn
from followup.people.directory import Directory
from followup.people.ldap import DirectoryAway
from followup.sign_in_settings import DirectorySettings

NAME = "directory"
_MEND = "correct [directory] (url, ca_file, bind_dn, base); local accounts sign in meanwhile"


def directory_checks(settings: DirectorySettings | None) -> list[Check]:
    """Nothing where no directory is set up."""
    return [] if settings is None else [Check(NAME, lambda: _look(settings), _MEND)]


async def _look(settings: DirectorySettings) -> Result:
    try:
        wrong = await Directory(settings).look()
    except DirectoryAway as error:
        return fail(NAME, f"{settings.url}: {error.message}", _MEND)
    if wrong:
        return fail(NAME, wrong, _MEND)
    if not settings.roles and settings.default_role is None:
        return warn(NAME, f"{settings.url} answers, but gives nobody a role",
                    "name groups in directory.roles, or a directory.default_role")
    return ok(NAME, f"{settings.url} answers, {settings.encrypted or 'not encrypted (loopback)'}")
