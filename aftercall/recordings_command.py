"""``aftercall recordings``: verify what was sealed, delete what is over, move what is elsewhere."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from aftercall.terminal import actor, run, say, settings_for
from followup.errors import InvalidInput
from followup.settings import Settings
from recordings.vault import Vault

recordings_app = typer.Typer(no_args_is_help=True, help="Sealed recordings.")


@recordings_app.command("verify")
def verify(since: Annotated[str | None, typer.Option(
               metavar="DAY", help="Only what was sealed since, e.g. 2026-10-01.")] = None,
           as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Hold the chain of seals, the database and every sealed file against each other.

    Ends with 1 when a link is broken or a recording is missing or changed.
    """
    from aftercall.house import running_database
    from recordings.verifying import Verified
    from recordings.verifying import verify as verify_all

    settings, first = settings_for(), _day(since)

    async def work() -> Verified:
        async with running_database(settings, say) as (database, _):
            return await verify_all(database, vault_of(settings), settings.recordings_dir, first,
                                    actor(), lambda done: say(f"{done} seals looked at"))

    found = run(work())
    if as_json:
        print(json.dumps({**found.__dict__, "missing": [*map(str, found.missing)],
                          "changed": [*map(str, found.changed)], "ok": found.ok}))
    else:
        for line in _told(found):
            print(line)
    raise typer.Exit(0 if found.ok else 1)


@recordings_app.command("expire")
def expire(dry_run: Annotated[bool, typer.Option(
        "--dry-run", help="Only tell what would be deleted.")] = False) -> None:
    """Delete the sound of recordings whose time is over; the keeper does it once a day."""
    from aftercall.house import running_database
    from recordings.messages import expire_messages
    from recordings.retention import expire as expire_all
    from recordings.retention import overdue

    settings = settings_for()

    async def work() -> None:
        default = settings.recordings.keep_days
        async with running_database(settings, say) as (database, _):
            if dry_run:
                async with database.session() as session:
                    ids = await overdue(session, default)
                for each in ids:
                    print(each)
                say(f"{len(ids)} recordings would be deleted")
                return
            vault = vault_of(settings)
            done = await expire_all(database, vault, settings.recordings_dir, default)
            done += await expire_messages(database, vault, default)
        print(f"deleted {done}")

    run(work())


@recordings_app.command("move")
def move() -> None:
    """Move plain files from before encryption, and what lies in another storage, into the storage
    of the settings. It may be stopped and started again at any moment."""
    from aftercall.house import running_database
    from recordings.plain import move_all

    settings = settings_for()

    async def work() -> tuple[int, int]:
        async with running_database(settings, say) as (database, _):
            return await move_all(database, vault_of(settings), settings.recordings_dir)

    moved, failed = run(work())
    print(f"moved {moved}, missing or changed {failed}")
    raise typer.Exit(1 if failed else 0)


@recordings_app.command("keep")
def keep(days: Annotated[int | None, typer.Argument(
             min=1, max=36_500, help="How many days; nothing removes the rule.")] = None,
         campaign: Annotated[str | None, typer.Option(help="Of this campaign, by its id.")] = None,
         outcome: Annotated[str | None, typer.Option(help="Of calls that ended so.")] = None,
         ) -> None:
    """Set or remove the rule how long recordings are kept.

    The one that says most of a call counts: campaign and outcome, campaign, outcome, all, then the
    setting recordings.keep_days.
    """
    from aftercall.house import running_database
    from followup.calls.models import Disposition
    from followup.recordings.register import By, set_rule

    if outcome is not None and outcome not in list(Disposition):
        raise InvalidInput(f"outcome = {outcome!r}: expected {', '.join(Disposition)}",
                           field="outcome")

    async def work() -> None:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            await set_rule(session, _id(campaign), Disposition(outcome) if outcome else None,
                           days, By(actor()))
        say(f"kept {days} days" if days else "the rule is removed")

    run(work())


def vault_of(settings: Settings) -> Vault:
    """The vault, with the secrets of this installation."""
    from followup.secrets import load_secrets

    return Vault.of(settings, load_secrets(settings.data_dir))


def _told(found: Any) -> list[str]:
    lines = [f"seals looked at {found.links}: sound as sealed {found.sound}, messages "
             f"{found.messages}, expired {found.expired}, missing {len(found.missing)}, "
             f"changed {len(found.changed)}"]
    if found.not_linked:
        lines.append(f"not in the chain yet: {found.not_linked}")
    if found.broken_at is not None:
        lines.append(f"the chain is broken at seal {found.broken_at}")
    lines += [f"missing {each}" for each in found.missing]
    lines += [f"changed {each}" for each in found.changed]
    lines.append(f"last seal {found.head_number} {found.head}")
    return lines


def _id(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise InvalidInput(f"campaign = {text!r}: expected the id of a campaign",
                           field="campaign", expected="an id") from None


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) if text \
            else None
    except ValueError:
        raise InvalidInput(f"since = {text!r}: expected a day such as 2026-10-01", field="since",
                           expected="YYYY-MM-DD") from None
