"""``aftercall campaign``: plan, start, pause, resume and cancel campaigns, and give them rules."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from aftercall.terminal import actor, run, say, settings_for, today
from followup.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from followup.campaigns.models import Campaign

campaign_app = typer.Typer(no_args_is_help=True, help="Plan, start, pause and cancel campaigns.")
MOVES = "running, paused or cancelled"
MODES = "ivr (the questionnaire speaks first), predictive, progressive or preview"


@campaign_app.command("list")
def campaign_list() -> None:
    """List the campaigns, the newest first, with how many of their tasks stand where."""
    from sqlalchemy import func, select

    from aftercall.house import running_database
    from followup.campaigns.models import Campaign, Task

    async def work() -> Table:
        table = Table("campaign", "mode", "state", "tasks")
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            counts: dict[Any, list[str]] = {}
            for campaign_id, state, number in await session.execute(
                    select(Task.campaign_id, Task.state, func.count())
                    .group_by(Task.campaign_id, Task.state).order_by(Task.state)):
                counts.setdefault(campaign_id, []).append(f"{state.value} {number}")
            for one in await session.scalars(select(Campaign).order_by(
                    Campaign.created_at.desc(), Campaign.name)):
                table.add_row(one.name, one.mode.value, one.state.value,
                              ", ".join(counts.get(one.id, ["none"])))
        return table

    Console().print(run(work()))


@campaign_app.command("start")
def campaign_start(name: str, since: Annotated[int, typer.Option(
        min=1, max=365, help="Patients discharged in the last so many days.")] = 7,
                   questionnaire: Annotated[str, typer.Option(
        help="The url of an imported questionnaire; without it the sample.")] = "",
                   mode: Annotated[str, typer.Option(help=MODES)] = "ivr") -> None:
    """Plan a campaign with a questionnaire (the post-discharge sample), and start it."""
    from aftercall.house import running_database
    from aftercall.prompt_book import prompt_book
    from followup.campaigns.models import CampaignMode
    from followup.campaigns.progress import plan, start
    from followup.questionnaires.fhir import load_questionnaire
    from followup.questionnaires.library import POST_DISCHARGE, get_active, publish
    from ivr.prompts.preparation import prepare_prompts

    settings = settings_for()
    if mode not in list(CampaignMode):
        raise InvalidInput(f"mode: expected {MODES}", field="mode", expected=MODES)
    wanted = CampaignMode(mode)

    async def work() -> None:
        last = today(settings)
        async with running_database(settings, say) as (database, _):
            async with database.session() as session:
                row = await get_active(session, questionnaire) if questionnaire else \
                    await publish(session, load_questionnaire(POST_DISCHARGE.read_bytes()))
                campaign = await plan(session, name, row.id, discharged_to=last,
                                      discharged_from=last - timedelta(days=since),
                                      mode=wanted)
                if campaign.mode is not wanted:
                    raise Conflict(f"the campaign {name} is {campaign.mode.value}", field="mode")
                if questionnaire and campaign.questionnaire_id != row.id:
                    raise Conflict(f"the campaign {name} has another questionnaire, or another "
                                   f"version, than {row.url} {row.version}", field="questionnaire")
            say("rendering prompts")
            book = prompt_book(settings, say)
            await prepare_prompts(database, book, settings, campaign.id)
            async with database.session() as session:
                await start(session, campaign.id, actor=actor())
            say(f"{name} is running")

    run(work())


@campaign_app.command("move")
def campaign_move(name: str, state: Annotated[str, typer.Argument(help=MOVES)]) -> None:
    """Pause, resume or cancel a campaign."""
    from aftercall.house import running_database
    from followup.campaigns.models import CampaignState
    from followup.campaigns.progress import move

    if state not in ("running", "paused", "cancelled"):
        raise InvalidInput(f"state = {state!r}: expected {MOVES}", field="state", expected=MOVES)

    async def work() -> None:
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            campaign = await _named(session, name)
            await move(session, campaign.id, CampaignState(state), actor=actor())
            say(f"{name} is {state}")

    run(work())


@campaign_app.command("rules")
def campaign_rules(name: str, file: Annotated[Path | None, typer.Argument(
        help="JSON with all of the rules; - reads standard input. Without it they are shown."
        )] = None) -> None:
    """Show a campaign's rules as JSON, or set them; what they leave out is as the house has it."""
    from aftercall.house import running_database
    from followup.campaigns.progress import set_rules

    async def work() -> dict[str, Any]:
        wanted = await asyncio.to_thread(_read, file) if file else None
        async with running_database(settings_for(), say) as (database, _), \
                database.session() as session:
            campaign = await _named(session, name)
            if wanted is not None:
                await set_rules(session, campaign.id, wanted, actor=actor())
                say(f"{name} has these rules from the next call on")
            return campaign.rules

    print(json.dumps(run(work()), ensure_ascii=False, indent=2))


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text("utf-8"))
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}", field="file") from None
    except ValueError as error:
        raise InvalidInput(f"{file}: not valid JSON: {error}", field="file") from None
    if not isinstance(found, dict):
        raise InvalidInput(f'{file}: expected an object such as {{"priority": 50}}', field="file")
    return found


async def _named(session: AsyncSession, name: str) -> Campaign:
    from sqlalchemy import select

    from followup.campaigns.models import Campaign

    campaign = await session.scalar(select(Campaign).where(Campaign.name == name))
    if campaign is None:
        raise InvalidInput(f"name = {name!r}: there is no such campaign", field="name")
    return campaign
