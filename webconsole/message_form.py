"""The form in which a message to a case's patient is written: what is offered, and how it looks."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.cases import messages
from followup.cases.messages import Reachable, WhyNoMessage
from followup.cases.models import Case
from followup.database.base import now
from followup.message_settings import MessageTemplate
from followup.messages import templates
from followup.messages.wording import LENGTH, OURS, WrongWord, parts, variables
from webconsole.keys import POST, VISITOR
from webconsole.rights import SENDS_MESSAGES

PREFIX = "say_"              # of the form's fields that hold a template's variables
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """The form as it stands. ``why``: nothing can be sent, and that is why."""

    id: uuid.UUID
    templates: tuple[MessageTemplate, ...] = ()
    numbers: tuple[Reachable, ...] = ()
    chosen: MessageTemplate | None = None
    to: str = ""
    typed: Form = field(default_factory=dict)
    faults: Mapping[str, WrongWord] = field(default_factory=dict)
    text: str = ""
    due: datetime | None = None              # None: at once
    why: WhyNoMessage | None = None

    @property
    def parts(self) -> int:
        """In how many parts it is sent."""
        return parts(self.text)

    @property
    def asked(self) -> tuple[tuple[str, str, int], ...]:
        """(variable, what is asked for, its longest) of what is to be typed."""
        if self.chosen is None:
            return ()
        return tuple((name, self.chosen.labels.get(name, name),
                      self.chosen.lengths.get(name, LENGTH))
                     for name in variables(self.chosen.text) if name not in OURS)


async def draft_of(request: web.Request, session: AsyncSession, case: Case, form: Form, *,
                   faults: Mapping[str, WrongWord] | None = None,
                   why: WhyNoMessage | None = None) -> Draft | None:
    """The form for this case; None where no messages are set up, or they are not the visitor's."""
    post = request.app[POST]
    if post is None or case.patient is None or not request[VISITOR].may(SENDS_MESSAGES):
        return None
    key = uuid.uuid4()
    if why is not WhyNoMessage.WRITTEN:              # else what is typed is another message
        with contextlib.suppress(ValueError):
            key = uuid.UUID(form.get("id", ""))
    if case.patient.do_not_call:
        return Draft(key, why=WhyNoMessage.NO_CONTACT)
    numbers = await messages.reachable(session, case.patient, post.provider)
    if not numbers:
        return Draft(key, why=WhyNoMessage.NO_MOBILE)
    if all(number.opted_out for number in numbers):
        return Draft(key, why=WhyNoMessage.OPTED_OUT)
    number = next((each for each in numbers if each.key == form.get("to") and not each.opted_out),
                  next(each for each in numbers if not each.opted_out))
    offered = await templates.offered(session)
    if not offered:
        return Draft(key, why=WhyNoMessage.NO_TEMPLATES)
    chosen = next((each for each in offered if each.code == form.get("template")),
                  _usual(offered, case))
    moment, typed = now(), said(form)
    shown = post.text(chosen, {
        name: value or f"〔{chosen.labels.get(name, name)}〕"
        for name, value in post.values(case, chosen, typed).items()})
    due = post.due(number.number, case.patient, moment)
    return Draft(key, offered, tuple(numbers), chosen, number.key, typed,
                 faults or {}, shown, due if due > moment else None, why)


def _usual(offered: Sequence[MessageTemplate], case: Case) -> MessageTemplate:
    """The first template in the patient's language, else the first."""
    language = "en" if case.patient and case.patient.language == "en" else "zh"
    return next((each for each in offered if each.language == language), offered[0])


def said(form: Form) -> dict[str, str]:
    """What was typed for the template's variables."""
    return {name.removeprefix(PREFIX): value for name, value in form.items()
            if name.startswith(PREFIX)}
