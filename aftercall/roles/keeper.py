"""The keeper of recordings."""

from __future__ import annotations

from aftercall.roles.database import open_database
from asterisk_conf import real_time
from followup.secrets import load_secrets
from followup.settings import Settings
from recordings.service import keep
from recordings.standing import ROLE
from recordings.vault import Vault

KEEPER_NICE = 10
KEEPER_LEAVES_S = 3.0        # it can do all again, but its disk may be slow, its machine busy


async def run_keeper(settings: Settings) -> None:
    """Sealing and keeping of recordings, behind all that serves a live call."""
    real_time.give_way(KEEPER_NICE)
    database = open_database(settings, ROLE)
    try:
        await keep(settings, database, Vault.of(settings, load_secrets(settings.data_dir)))
    finally:
        await database.close()
