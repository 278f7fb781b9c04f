"""Messages to the patient of a case, and what comes back: both stand in the case's history."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from followup.cases.models import Case, EventKind
from followup.cases.register import By, find_case, write_down
from followup.database.base import now
from followup.errors import Conflict
from followup.message_settings import MessageSettings, MessageTemplate
from followup.messages import outbox, templates
from followup.messages.consent import opt_outs
from followup.messages.hours import not_before
from followup.messages.models import Message
from followup.messages.provider import Provider
from followup.messages.wording import WrongWord, check, fill, parts, signed, variables
from followup.patients.models import Patient

OWN = "own"                  # in place of a contact's id: the number in the record


class WhyNoMessage(StrEnum):
    """Why the patient of a case gets no message."""

    NO_PATIENT = "no_patient"
    NO_CONTACT = "no_contact"        # they want to be left alone
    NO_MOBILE = "no_mobile"
    NO_NUMBER = "no_number"          # not one of those that are offered
    OPTED_OUT = "opted_out"
    NO_TEMPLATE = "no_template"
    NO_TEMPLATES = "no_templates"    # none is set up
    WRITTEN = "written"              # this form has been sent before, with other words


class NotMessaged(Conflict):
    """The patient of the case gets no message."""

    id = "case-not-messaged"

    def __init__(self, why: WhyNoMessage) -> None:
        super().__init__(f"no message is sent: {why.value}", why=why.value)
        self.why = why


class WrongWords(Conflict):
    """What was typed does not fit the template; ``faults`` by variable."""

    id = "case-message-words"
    status = 422

    def __init__(self, faults: Mapping[str, WrongWord]) -> None:
        super().__init__(faults=sorted(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Reachable:
    """A number that a message can go to; ``key`` names it in forms."""

    key: str
    number: str
    relation: str = ""               # of a relative
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """The way that messages take, as the house has set it up."""

    settings: MessageSettings
    provider: Provider
    hospital_names: Mapping[str, str]
    zone: ZoneInfo

    def values(self, case: Case, template: MessageTemplate,
               typed: Mapping[str, str]) -> dict[str, str]:
        """What each variable of the template says in a message about this case."""
        ours = {"name": case.patient.name if case.patient else "", "number": case.number,
                "hospital": self.hospital_names[template.language]}
        return {name: ours[name] if name in ours else typed.get(name, "").strip()
                for name in variables(template.text)}

    def text(self, template: MessageTemplate, values: Mapping[str, str]) -> str:
        """As it will stand on the phone."""
        return signed(self.settings.sign_name, fill(template.text, values))

    def due(self, number: str, patient: Patient, moment: datetime) -> datetime:
        """When it will be sent."""
        return not_before(self.settings, number, patient.timezone, self.zone, moment)


async def reachable(session: AsyncSession, patient: Patient, provider: Provider) -> list[Reachable]:
    """The patient's numbers, then the relatives', that a message can go to."""
    patient = (await session.scalars(select(Patient).where(Patient.id == patient.id)
                                     .options(selectinload(Patient.contacts)))).one()
    told = [(OWN, patient.phone, "", patient.phone_invalid_at or patient.phone_wrong_at)] + [
        (str(each.id), each.number, each.relation or each.whose.value,
         each.invalid_at or each.wrong_at)
        for each in patient.contacts]
    stopped = await opt_outs(session, patient.id)
    return [Reachable(key, number, relation, number in stopped)
            for key, number, relation, invalid in told
            if invalid is None and provider.reaches(number)]


async def message_patient(session: AsyncSession, case_id: uuid.UUID, post: Post, by: By, *,
                          message_id: uuid.UUID, to: str, template: str,
                          typed: Mapping[str, str], moment: datetime | None = None) -> Message:
    """Write a message to one of the patient's numbers; the same ``message_id`` is the same message.

    NotMessaged, WrongWords.
    """
    moment = moment or now()
    case = await find_case(session, case_id, lock=True)
    if case.patient is None:
        raise NotMessaged(WhyNoMessage.NO_PATIENT)
    if case.patient.do_not_call:
        raise NotMessaged(WhyNoMessage.NO_CONTACT)
    number = next((each for each in await reachable(session, case.patient, post.provider)
                   if each.key == to), None)
    if number is None:
        raise NotMessaged(WhyNoMessage.NO_NUMBER)
    if number.opted_out:
        raise NotMessaged(WhyNoMessage.OPTED_OUT)
    chosen = next((each for each in await templates.offered(session) if each.code == template),
                  None)
    if chosen is None:
        raise NotMessaged(WhyNoMessage.NO_TEMPLATE)
    values = post.values(case, chosen, typed)
    if faults := check(chosen.text, values, chosen.lengths):
        raise WrongWords(faults)
    text = post.text(chosen, values)
    due = post.due(number.number, case.patient, moment)
    new = await outbox.put(session, outbox.Letter(
        id=message_id, patient_id=case.patient.id, case_id=case_id, number=number.number,
        relation=number.relation, template=chosen.code, values=values, text=text,
        parts=parts(text), language=chosen.language, written_by=by.name,
        provider=post.provider.name, due_at=due,
        expires_at=due + timedelta(hours=post.settings.valid_hours)))
    message = await session.get_one(Message, message_id)
    if new:
        write_down(session, case, EventKind.MESSAGED, by, detail={"message": str(message_id)})
    elif (message.case_id, message.number, message.text) != (case_id, number.number, text):
        raise NotMessaged(WhyNoMessage.WRITTEN)
    return message


async def note_reply(session: AsyncSession, message: Message) -> None:
    """What the patient has answered stands in the history of the case it belongs to."""
    if message.case_id is not None:
        case = await find_case(session, message.case_id)
        write_down(session, case, EventKind.RECEIVED, By("patient", ""), words=message.text,
                   detail={"message": str(message.id)})


async def messages_of(session: AsyncSession, case_id: uuid.UUID) -> dict[str, Message]:
    """The messages of a case by id, as its history names them."""
    return {str(message.id): message for message in await session.scalars(
        select(Message).where(Message.case_id == case_id))}
