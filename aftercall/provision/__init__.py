"""Prepares a machine: Asterisk, espeak-ng, PostgreSQL and the front-end, cached per user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aftercall.provision.asterisk import AsteriskInstall, find_asterisk
from aftercall.provision.errors import ProvisionError
from aftercall.provision.espeak import Espeak, find_espeak
from aftercall.provision.frontend import find_frontend
from aftercall.provision.paths import Say
from aftercall.provision.postgres import EmbeddedPostgres

__all__ = ["AsteriskInstall", "EmbeddedPostgres", "Espeak", "Prepared", "ProvisionError", "Say",
           "find_asterisk", "find_espeak", "find_frontend", "prepare_all"]


@dataclass(frozen=True)
class Prepared:
    """The programs and files that everything else runs on."""

    asterisk: AsteriskInstall
    espeak: Espeak
    frontend: Path


def prepare_all(say: Say) -> Prepared:
    """Find or fetch all that runs beside Python; quick when it is there already.

    Safe when two processes call it at once. Raises ProvisionError with what to do.
    """
    return Prepared(find_asterisk(say), find_espeak(say), find_frontend(say))
