"""Which questionnaires are being said, or soon will be."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Campaign, CampaignState
from followup.errors import InvalidInput
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.library import parsed
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus

_OPEN = (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED)


async def spoken_questionnaires(session: AsyncSession) -> list[Questionnaire]:
    """The newest active version of each, and those of campaigns that are not over; oldest first."""
    active = await session.execute(
        select(QuestionnaireRow.url, QuestionnaireRow.id)
        .where(QuestionnaireRow.status == QuestionnaireStatus.ACTIVE)
        .order_by(QuestionnaireRow.created_at))
    newest = {row.url: row.id for row in active}    # the last of each url stays
    in_use = select(Campaign.questionnaire_id).where(Campaign.state.in_(_OPEN))
    rows = await session.scalars(
        select(QuestionnaireRow)
        .where(or_(QuestionnaireRow.id.in_(newest.values()), QuestionnaireRow.id.in_(in_use)))
        .order_by(QuestionnaireRow.created_at))
    return [parsed(row) for row in rows]


async def campaign_questionnaire(session: AsyncSession, name: str) -> Questionnaire:
    """The questionnaire of a campaign; InvalidInput when there is no such campaign."""
    campaign = await session.scalar(select(Campaign).where(Campaign.name == name))
    if campaign is None:
        raise InvalidInput(f"campaign = {name!r}: there is no such campaign", field="campaign",
                           expected="a campaign's name")
    return parsed(campaign.questionnaire)
