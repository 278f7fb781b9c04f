"""One recording with all that belongs to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.calls.models import Attempt, Recording
from followup.campaigns.models import Campaign, Task
from followup.errors import NotFound
from followup.patients.models import Encounter, Patient
from followup.questionnaires.models import QuestionnaireRow
from followup.recordings.models import (
    RecordingClip,
    RecordingComment,
    RecordingHold,
    RecordingSeal,
    VoiceMessage,
)
from followup.responses.models import Answer, Response
from followup.spotchecks.moments import moments


@dataclass(slots=True)
class Whole:
    """A recording, its call, and what was said of it."""

    recording: Recording
    attempt: Attempt
    patient: Patient
    stay: Encounter
    questionnaire: QuestionnaireRow
    seal: RecordingSeal | None
    heard: Sequence[tuple[int | None, Answer]] = ()           # milliseconds, in order
    comments: Sequence[RecordingComment] = ()
    clips: Sequence[RecordingClip] = ()
    holds: list[RecordingHold] = field(default_factory=list)  # the latest first
    messages: Mapping[str, VoiceMessage] = field(default_factory=dict)   # by the name in answers

    @property
    def held(self) -> RecordingHold | None:
        """The hold that counts now."""
        return next((each for each in self.holds if each.released_at is None), None)

    def message(self, answer: Answer) -> VoiceMessage | None:
        """The sound of an answer that is a message, if it is kept."""
        return self.messages.get(answer.value.get("valueAttachment", {}).get("url", ""))


async def find_whole(session: AsyncSession, recording_id: uuid.UUID) -> Whole:
    """NotFound when there is no such recording."""
    row = (await session.execute(
        select(Recording, Attempt, Patient, Encounter, QuestionnaireRow, RecordingSeal)
        .join(Attempt, Attempt.id == Recording.attempt_id)
        .join(Task, Task.id == Attempt.task_id).join(Patient, Patient.id == Task.patient_id)
        .join(Encounter, Encounter.id == Task.encounter_id)
        .join(Campaign, Campaign.id == Task.campaign_id)
        .join(QuestionnaireRow, QuestionnaireRow.id == Campaign.questionnaire_id)
        .outerjoin(RecordingSeal, RecordingSeal.recording_id == Recording.id)
        .where(Recording.id == recording_id)
        .options(selectinload(Recording.marks)))).one_or_none()
    if row is None:
        raise NotFound("there is no such recording")
    whole = Whole(*row)
    # those that count by the response's index, those replaced by the call's
    given = union_all(*(
        select(Answer.id).where(Answer.attempt_id == whole.attempt.id, which) for which in (
            Answer.superseded_at.is_not(None),
            Answer.superseded_at.is_(None) & Answer.response_id.in_(
                select(Response.id).where(Response.task_id == whole.attempt.task_id)))))
    answers = (await session.scalars(
        select(Answer).where(Answer.id.in_(given)).order_by(Answer.given_at))).all()
    places = moments(answers, whole.recording)
    whole.heard = [(places.get(answer.id), answer) for answer in answers]
    for name, model in (("comments", RecordingComment), ("clips", RecordingClip),
                        ("holds", RecordingHold)):
        found = await session.scalars(select(model).where(
            model.recording_id == recording_id).order_by(model.created_at.desc()))
        setattr(whole, name, list(found))
    whole.messages = {each.name: each for each in await session.scalars(
        select(VoiceMessage).where(VoiceMessage.recording_id == recording_id,
                                   VoiceMessage.file.is_not(None)))}
    for each in whole.comments:
        await session.refresh(each, ["author"])
    return whole
