"""Published questionnaires in the database; a version never changes once it is there."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.errors import Conflict, NotFound
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus

SAMPLES = Path(__file__).with_name("samples")
POST_DISCHARGE = SAMPLES / "post-discharge.json"


async def publish(session: AsyncSession, questionnaire: Questionnaire) -> QuestionnaireRow:
    """Store a version; the newest active version of a url is the one in force.

    The same url and version with the same content is a no-op, with other content a Conflict.
    """
    await session.execute(insert(QuestionnaireRow).values(
        url=questionnaire.url, version=questionnaire.version, title=questionnaire.title,
        status=QuestionnaireStatus.ACTIVE, resource=dict(questionnaire.resource),
    ).on_conflict_do_nothing(index_elements=["url", "version"]))
    row = (await session.scalars(select(QuestionnaireRow).where(
        QuestionnaireRow.url == questionnaire.url,
        QuestionnaireRow.version == questionnaire.version))).one()
    if row.resource != questionnaire.resource:
        raise Conflict(f"version {questionnaire.version} of {questionnaire.url} is published "
                       "already with other content: give the change a new version",
                       field="version")
    return row


async def get_active(session: AsyncSession, url: str) -> QuestionnaireRow:
    """The newest active version; NotFound when there is none. ``parsed`` turns it into one."""
    row = await session.scalar(
        select(QuestionnaireRow)
        .where(QuestionnaireRow.url == url,
               QuestionnaireRow.status == QuestionnaireStatus.ACTIVE)
        .order_by(QuestionnaireRow.created_at.desc()).limit(1))
    if row is None:
        raise NotFound(f"no active questionnaire {url}")
    return row


def parsed(row: QuestionnaireRow) -> Questionnaire:
    """The questionnaire of a stored row."""
    return load_questionnaire(row.resource, stored=True)
