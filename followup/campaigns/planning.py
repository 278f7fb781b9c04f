"""Which stays a campaign follows up; a new campaign, with a task for each of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from followup.campaigns.models import Campaign, CampaignMode, CampaignState, Task, TaskState
from followup.campaigns.rules import CampaignRules
from followup.database.base import now
from followup.errors import Conflict, InvalidInput
from followup.patients.models import Encounter, Patient
from followup.people import audit
from followup.questionnaires.models import QuestionnaireRow, QuestionnaireStatus
from followup.views.reach import within

NAME_MOST = 60
_AT_ONCE = 1000              # rows of one statement

Stay = tuple[uuid.UUID, uuid.UUID]               # the stay's id, and its patient's


@dataclass(frozen=True)
class ByDischarge:
    """Stays that ended on these days, both included; of one department, or of all."""

    first: date
    last: date
    department: str = ""


@dataclass(frozen=True)
class ByNumber:
    """The latest stay of each patient with one of these medical record numbers."""

    numbers: Sequence[str]


Selection = ByDischarge | ByNumber


@dataclass(frozen=True)
class Chosen:
    """The stays to follow up. ``refusing``: how many more there are of patients who want no calls;
    ``unknown``: record numbers without a stay."""

    stays: Sequence[Stay]
    refusing: int = 0
    unknown: Sequence[str] = ()


async def choose(session: AsyncSession, selection: Selection) -> Chosen:
    """Look up who is meant."""
    query = select(Encounter.id, Encounter.patient_id, Patient.mrn, Patient.do_not_call).join(
        Patient, Patient.id == Encounter.patient_id)
    if isinstance(selection, ByDischarge):
        query = query.where(Encounter.discharged_on.between(selection.first, selection.last))
        if selection.department:
            query = query.where(Encounter.department == selection.department)
    else:
        query = query.where(Patient.mrn.in_(selection.numbers)).ext(distinct_on(Patient.id)) \
            .order_by(Patient.id, Encounter.discharged_on.desc(), Encounter.id)
    rows = (await session.execute(within(query, Encounter))).all()
    found = {row.mrn for row in rows}
    wanted = selection.numbers if isinstance(selection, ByNumber) else ()
    return Chosen([(row.id, row.patient_id) for row in rows if not row.do_not_call],
                  sum(row.do_not_call for row in rows),
                  [number for number in dict.fromkeys(wanted) if number not in found])


async def add_tasks(session: AsyncSession, campaign_id: uuid.UUID, stays: Sequence[Stay]) -> None:
    """A task for each stay, due now; one that has its task already is left alone."""
    moment = now()
    for start in range(0, len(stays), _AT_ONCE):
        await session.execute(insert(Task).values([
            {"id": uuid.uuid4(), "campaign_id": campaign_id, "patient_id": patient_id,
             "encounter_id": stay_id, "state": TaskState.DUE, "due_at": moment, "priority": 100,
             "attempts_made": 0, "updated_at": moment}
            for stay_id, patient_id in stays[start:start + _AT_ONCE]])
            .on_conflict_do_nothing(index_elements=["campaign_id", "encounter_id"]))


async def create(session: AsyncSession, name: str, questionnaire_id: uuid.UUID,
                 selection: Selection, *, mode: CampaignMode = CampaignMode.IVR,
                 rules: CampaignRules | None = None, actor: str,
                 address: str = "") -> Campaign:
    """Make a new campaign, a draft. InvalidInput names the field; Conflict: the name is taken."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_MOST:
        raise InvalidInput("the campaign needs a name", field="name",
                           expected=f"1 to {NAME_MOST} characters")
    row = await session.get(QuestionnaireRow, questionnaire_id)
    if row is None or row.status is not QuestionnaireStatus.ACTIVE:
        raise InvalidInput("questionnaire: it is not in use", field="questionnaire",
                           expected="a questionnaire that is published and not withdrawn")
    chosen = await choose(session, selection)
    if chosen.unknown:
        raise InvalidInput(f"{len(chosen.unknown)} record numbers are of nobody with a stay",
                           field="numbers", expected="medical record numbers of patients")
    if not chosen.stays:
        raise InvalidInput("there is nobody to call", field="patients",
                           expected="at least one patient who may be called")
    kept = rules.kept() if rules else {}
    campaign_id = await session.scalar(
        insert(Campaign).values(id=uuid.uuid4(), name=name, mode=mode, state=CampaignState.DRAFT,
                                questionnaire_id=questionnaire_id, rules=kept)
        .on_conflict_do_nothing(index_elements=["name"]).returning(Campaign.id))
    if campaign_id is None:
        raise Conflict("there is a campaign of this name already", field="name")
    await add_tasks(session, campaign_id, chosen.stays)
    audit.record(session, audit.CREATE_CAMPAIGN, actor=actor, address=address,
                 subject=f"campaign:{campaign_id}", mode=mode.value, tasks=len(chosen.stays),
                 questionnaire=str(questionnaire_id), rules=kept)
    return await session.get_one(Campaign, campaign_id)
