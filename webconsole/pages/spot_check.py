"""One spot check: its call, its score, and what follows from it."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from followup.calls.models import RecordingState
from followup.database.base import now
from followup.errors import Conflict, Forbidden, InvalidInput, NotFound
from followup.people import audit
from followup.questionnaires.library import parsed
from followup.spotchecks import desk, rechecks
from followup.spotchecks.desk import Actor
from followup.spotchecks.models import CallAgainBy
from followup.spotchecks.moments import compared
from followup.spotchecks.states import (
    SETTLED,
    ItemState,
    Step,
    may,
    may_judge,
    may_score,
    sees_scores,
)
from followup.views import overview, spotchecks
from followup.views.campaigns import usable_questionnaires
from followup.views.spotchecks import Looked
from followup.views.wording import Wording
from ivr.prompts.preparation import prepare_for
from webconsole.keys import BOOK, DATABASE, SETTINGS, TIMEZONE, VISITOR
from webconsole.pages.inputs import form_id, path_id, text
from webconsole.rights import APPEALS, CHECKS, JUDGES, SEES_CHECKS, allowed
from webconsole.templating import render

WORDS = 1000
# what may be wrong: names of words in the catalogue
FAULTS = ("marks", "points", "words", "due_on", "moment", "questionnaire", "conflict", "no_calls",
          "cancelled", "elsewhere")
_OF_FIELDS = {"questionnaire": "questionnaire", "points": "points", "due_on": "due_on",
              "at": "moment", "marks": "marks"}
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)")
Form = dict[str, str]
Work = Callable[[AsyncSession, uuid.UUID, Form, Actor], Awaitable[object]]


@allowed(SEES_CHECKS)
async def page(request: web.Request) -> web.Response:
    """GET /spot-checks/items/{id}: leaves an audit row; agents see their own, once scored."""
    check_id, visitor = path_id(request), request[VISITOR]
    values = await _look(request, check_id)
    async with request.app[DATABASE].session() as session:
        audit.record(session, audit.VIEW_PATIENT, actor=visitor.actor, address=visitor.address,
                     subject=f"patient:{values['patient'].id}", spot_check=str(check_id))
    return render(request, "spot_check.html", **values)


@allowed(CHECKS)
async def score(request: web.Request) -> web.Response:
    """POST …/score: the marks by criterion, ``remark``."""
    return await _act(request, lambda session, check_id, form, actor: desk.score(
        session, check_id, _marks(form), form.get("remark", ""), actor))


def _marks(form: Form) -> Form:
    return {name.removeprefix("mark-"): value for name, value in form.items()
            if name.startswith("mark-")}


@allowed(CHECKS)
async def note(request: web.Request) -> web.Response:
    """POST …/note: ``at`` (m:ss), ``text``."""
    return await _act(request, lambda session, check_id, form, actor: desk.note(
        session, check_id, _moment(form.get("at", "")), form.get("text", ""), actor))


@allowed(JUDGES)
async def settle(request: web.Request) -> web.Response:
    """POST …/settle: ``points``, ``note``."""
    return await _act(request, lambda session, check_id, form, actor: desk.settle(
        session, check_id, _points(form.get("points", "")), form.get("note", ""), actor))


@allowed(APPEALS)
async def appeal(request: web.Request) -> web.Response:
    """POST …/appeal: ``text``. Agents for themselves, a supervisor for who has no account."""
    others = request[VISITOR].may(CHECKS)
    return await _act(request, lambda session, check_id, form, actor: desk.appeal(
        session, check_id, form.get("text", ""), actor, for_others=others))


@allowed(JUDGES)
async def decide(request: web.Request) -> web.Response:
    """POST …/decide: ``upheld`` (yes, no), ``points`` where it is, ``answer``."""
    async def work(session: AsyncSession, check_id: uuid.UUID, form: Form, actor: Actor) -> None:
        upheld = form.get("upheld") == "yes"
        await desk.decide(session, check_id, upheld=upheld, answer=form.get("answer", ""),
                          points=_points(form.get("points", "")) if upheld else None, actor=actor)
    return await _act(request, work)


@allowed(CHECKS)
async def order(request: web.Request) -> web.Response:
    """POST …/order: ``text``, ``due_on``."""
    today = now().astimezone(request.app[TIMEZONE]).date()
    return await _act(request, lambda session, check_id, form, actor: desk.order(
        session, check_id, form.get("text", ""), _day(form.get("due_on", "")), today, actor))


@allowed(APPEALS)
async def report(request: web.Request) -> web.Response:
    """POST …/report: ``text``, how a correction was done."""
    others = request[VISITOR].may(CHECKS)
    return await _act(request, lambda session, check_id, form, actor: desk.report(
        session, check_id, form.get("text", ""), actor, for_others=others))


@allowed(CHECKS)
async def accept(request: web.Request) -> web.Response:
    """POST …/accept: ``done`` (yes, no), ``returned``, why it is not."""
    async def work(session: AsyncSession, check_id: uuid.UUID, form: Form, actor: Actor) -> None:
        returned = "" if form.get("done") == "yes" else form.get("returned", "")
        if form.get("done") != "yes" and not returned:
            raise InvalidInput("returned: expected some words", field="returned")
        await desk.accept(session, check_id, actor, returned=returned)
    return await _act(request, work)


@allowed(CHECKS)
async def close(request: web.Request) -> web.Response:
    """POST …/close."""
    return await _act(request, lambda session, check_id, _, actor: desk.close(
        session, check_id, actor))


@allowed(CHECKS)
async def call_again(request: web.Request) -> web.Response:
    """POST …/call-again: ``how`` (hand, ivr), ``questionnaire``: its id, "" for the first one's.
    What the dialer's call can say is rendered before it is placed."""
    async def work(session: AsyncSession, check_id: uuid.UUID, form: Form, actor: Actor) -> None:
        how = CallAgainBy.IVR if form.get("how") == "ivr" else CallAgainBy.HAND
        told = form.get("questionnaire", "")
        other = form_id(told, "questionnaire") if told else None
        recall = await rechecks.call_again(session, check_id, how, actor, other)
        if how is CallAgainBy.IVR and other:
            looked = await spotchecks.find_check(session, check_id)
            await prepare_for(request.app[BOOK], request.app[SETTINGS],
                              parsed(await rechecks.questionnaire_of(session, recall)),
                              [(looked.patient.name, looked.stay.department)])
    return await _act(request, work)


async def _act(request: web.Request, work: Work) -> web.Response:
    """Do one step and show the check anew; what does not fit is told beside what was typed."""
    check_id, visitor = path_id(request), request[VISITOR]
    form = {name: text(value, WORDS) for name, value in (await request.post()).items()}
    if visitor.user is None:
        raise Forbidden
    try:
        async with request.app[DATABASE].session() as session:
            await work(session, check_id, form, Actor(visitor.user, visitor.address))
    except (InvalidInput, Conflict) as wrong:
        part = request.path.rpartition("/")[2]
        told: dict[str, Any] = {"fault": wrong.details.get("why", "conflict")} if isinstance(
            wrong, Conflict) else {"faults": _faults(part, wrong.field)}
        return render(request, "spot_check.html", status=wrong.status, **{
            **await _look(request, check_id, typed=form), "part": part, **told})
    raise web.HTTPSeeOther(f"/spot-checks/items/{check_id}")


def _faults(part: str, field: str) -> dict[str, str]:
    """One of FAULTS by field of the form of a part; ``field`` as the desk calls it."""
    name = "at" if field == "at_ms" else field
    if part == "score" and name != "marks":
        return {f"mark-{name}": "marks"}
    return {name: _OF_FIELDS.get(name, "words")}


async def _look(request: web.Request, check_id: uuid.UUID, *,
                typed: Form | None = None) -> dict[str, Any]:
    visitor = request[VISITOR]
    if visitor.user is None:
        raise Forbidden
    me, checks = visitor.user.id, visitor.may(CHECKS)
    async with request.app[DATABASE].session() as session:
        looked = await spotchecks.find_check(session, check_id)
        count, _ = await overview.alert_counts(session)
        offered = await usable_questionnaires(session) if checks else []
    check, state = looked.check, looked.check.state
    if not checks and (check.person_id != me or state not in SETTLED):
        raise NotFound("there is no such spot check")
    own = [each for each in check.scores if each.inspector_id == me]
    shown = list(check.scores) if sees_scores(state) else own
    # the second inspector hears nothing of what the first one thinks
    notes = check.notes if sees_scores(state) else [
        each for each in check.notes if each.author_id == me]
    judge = visitor.may(JUDGES) and may_judge(me, check.scored_by, check.person_id)
    involved = visitor.may(APPEALS) and (check.person_id == me or checks)
    return {
        "looked": looked, "check": check, "patient": looked.patient, "scores": shown,
        "notes": notes, "card": check.plan.card.card, "open_alerts": count, "words": WORDS,
        "part": "", "fault": "", "faults": {}, "typed": defaultdict(str, typed or {}),
        "marked": _marks(typed or {}), **_worded(looked, visitor.locale), "questionnaires": offered,
        "SEALED": RecordingState.SEALED,
        "can": {
            "score": checks and may_score(state, me, check.scored_by, check.person_id),
            "note": checks and state is not ItemState.CLOSED,
            "settle": judge and may(state, Step.SETTLE),
            "appeal": involved and may(state, Step.APPEAL),
            "decide": judge and may(state, Step.DECIDE),
            "order": checks and may(state, Step.ORDER),
            "report": involved and may(state, Step.REPORT),
            "accept": checks and may(state, Step.ACCEPT) and check.person_id != me,
            "close": checks and may(state, Step.CLOSE),
            "call": checks and check.recall is None and not looked.patient.do_not_call}}


def _worded(looked: Looked, locale: str) -> dict[str, Any]:
    """The words of both rounds, and their answers side by side."""
    wording = again = Wording(looked.questionnaire.resource, locale)
    first = looked.response.answers if looked.response else []
    second = looked.again.answers if looked.again else []
    own: set[str] = set()
    if (other := looked.again_questionnaire) is not None:
        again = Wording(other.resource, locale)
        same = other.url == looked.questionnaire.url
        own = {each.link_id for each in second if not wording.asks(each.link_id) or (
            not same and wording.question(each.link_id) != again.question(each.link_id))}
    return {"wording": wording, "again_wording": again,
            "compared": compared(first, second, own) if looked.again else []}


def _points(typed: str) -> float:
    if not re.fullmatch(r"\d{1,3}(\.\d)?", typed) or float(typed) > 100:
        raise InvalidInput("points: expected 0 to 100", field="points", expected="0 to 100")
    return float(typed)


def _moment(typed: str) -> int:
    found = _CLOCK.fullmatch(typed)
    if found is None:
        raise InvalidInput("at: expected a moment such as 1:07", field="at_ms", expected="m:ss")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise InvalidInput("due_on: expected a day", field="due_on", expected="a day") from error
