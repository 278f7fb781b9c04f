"""A hospital in the middle of a follow-up morning, for the console to show."""

from __future__ import annotations

import hashlib
import math
import uuid
import wave
from array import array
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from followup.agents.models import Agent, AgentState
from followup.alerts.models import Alert, AlertState
from followup.calls.models import (
    Attempt,
    AttemptState,
    Disposition,
    Escalation,
    EscalationState,
    Recording,
    RecordingMark,
    RecordingState,
)
from followup.campaigns.models import Campaign, CampaignState, Task, TaskState
from followup.cases.files import check_file
from followup.cases.intake import Told
from followup.cases.models import CaseAttachment, Channel
from followup.cases.register import By, attach, register
from followup.cases.setup import load_setup
from followup.cases.states import CaseKind
from followup.database.base import now
from followup.database.engine import Database
from followup.messages.models import MessageTemplateRow
from followup.patients.models import Encounter, Patient, Sex
from followup.people.models import Role, User
from followup.questionnaires.definition import Questionnaire
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE, publish
from followup.questionnaires.models import QuestionnaireRow
from followup.responses.models import Answer, Finding, GivenBy, Response, ResponseState, Severity
from followup.secrets import load_secrets
from recordings.attachments import Attachments
from recordings.vault import keys_of

PASSWORD = "correct-horse-9"
PEOPLE = (
    ("王秀英", Sex.FEMALE, "骨科", "右膝骨关节炎", "全膝关节置换术"),
    ("李建国", Sex.MALE, "心内科", "冠状动脉粥样硬化性心脏病", "冠脉支架植入术"),
    ("张桂兰", Sex.FEMALE, "普外科", "急性阑尾炎", "腹腔镜阑尾切除术"),
    ("刘志强", Sex.MALE, "呼吸科", "社区获得性肺炎", ""),
    ("陈美玲", Sex.FEMALE, "妇科", "子宫肌瘤", "腹腔镜子宫肌瘤剔除术"),
    ("欧阳文博", Sex.MALE, "泌尿外科", "输尿管结石", "输尿管镜碎石术"),
    ("赵丽华", Sex.FEMALE, "骨科", "腰椎间盘突出症", "椎间孔镜手术"),
    ("Emily Carter", Sex.FEMALE, "普外科", "胆囊结石伴慢性胆囊炎", "腹腔镜胆囊切除术"),
    ("孙德福", Sex.MALE, "心内科", "心律失常", "射频消融术"),
    ("周玉梅", Sex.FEMALE, "内分泌科", "2型糖尿病", ""),
    ("吴国平", Sex.MALE, "普外科", "腹股沟疝", "疝修补术"),
    ("郑小燕", Sex.FEMALE, "产科", "足月妊娠", "剖宫产术"),
)
DEPARTMENTS = sorted({department for _, _, department, *_ in PEOPLE})
TEXTS = {
    "fever": {"zh": "体温 38.9 °C，达到或超过 38.5 °C",
              "en": "Temperature 38.9 °C, at or above 38.5 °C"},
    "pain": {"zh": "伤口疼痛 8 分，达到或超过 7 分", "en": "Wound pain 8, at or above 7"},
    "breath": {"zh": "呼吸困难或胸痛", "en": "Short of breath or chest pain"},
}


@dataclass
class Hospital:
    """Ids that tests ask for."""

    campaign: uuid.UUID = field(default_factory=uuid.uuid4)
    patients: list[uuid.UUID] = field(default_factory=list)
    tasks: list[uuid.UUID] = field(default_factory=list)
    responses: list[uuid.UUID] = field(default_factory=list)
    alerts: list[uuid.UUID] = field(default_factory=list)
    recording: uuid.UUID = field(default_factory=uuid.uuid4)
    escalated: uuid.UUID = field(default_factory=uuid.uuid4)      # attempt with the recording
    case: uuid.UUID = field(default_factory=uuid.uuid4)           # a complaint of the first patient
    case_file: uuid.UUID = field(default_factory=uuid.uuid4)      # what is attached to it
    template: uuid.UUID = field(default_factory=uuid.uuid4)       # of messages
    plan: uuid.UUID | None = None                                 # of spot checks, once made
    check: uuid.UUID | None = None                                # … of the escalated call


async def add_users(database: Database) -> None:
    """One user for each role, named after it."""
    names = {Role.AGENT: "林护士", Role.SUPERVISOR: "何班长", Role.MANAGER: "罗主任",
             Role.AUDITOR: "马质检", Role.DOCTOR: "徐医生", Role.ADMINISTRATOR: "系统管理员"}
    async with database.session() as session:
        session.add_all(User(username=role.value, name=name, role=role, departments=DEPARTMENTS,
                             password_hash=_password_hash()) for role, name in names.items())


@cache
def _password_hash() -> str:
    # cheap to make and to check: how hard the house's own are to guess is no matter of pages
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@cache
def _sample() -> Questionnaire:
    return load_questionnaire(POST_DISCHARGE.read_text("utf-8"))


async def add_patient(session: AsyncSession, name: str, *, number: int, department: str = "骨科",
                      sex: Sex = Sex.UNKNOWN, diagnosis: str = "", operation: str = "",
                      days_ago: int = 3) -> tuple[Patient, Encounter]:
    """A patient with one stay; ``number`` makes record and phone number."""
    patient = Patient(id=uuid.uuid4(), mrn=f"MR{2026000 + number}", name=name, sex=sex,
                      birth_date=date(1950 + number * 3 % 50, 1 + number % 12, 1 + number % 28),
                      phone=f"+861380000{number:04}",
                      language="en" if name.isascii() else "zh")
    stay = Encounter(id=uuid.uuid4(), patient_id=patient.id, department=department,
                     diagnosis=diagnosis, operation=operation, attending_doctor="徐明远",
                     discharged_on=now().date() - timedelta(days=days_ago))
    session.add(patient)
    await session.flush()
    session.add(stay)
    await session.flush()
    return patient, stay


async def add_task(session: AsyncSession, campaign: uuid.UUID, patient: Patient, stay: Encounter,
                   state: TaskState, disposition: Disposition | None = None) -> Task:
    """A task of the campaign."""
    task = Task(id=uuid.uuid4(), campaign_id=campaign, patient_id=patient.id,
                encounter_id=stay.id, state=state, attempts_made=1 if disposition else 0,
                disposition=disposition.value if disposition else None)
    session.add(task)
    await session.flush()
    return task


async def add_attempt(session: AsyncSession, task: Task, patient: Patient, state: AttemptState,
                      disposition: Disposition | None = None, *, started: datetime,
                      talked_s: int = 0, **more: Any) -> Attempt:
    """A dial; ``talked_s`` > 0 makes it an answered one."""
    over = state is AttemptState.ENDED
    rung = started + timedelta(seconds=6)
    attempt = Attempt(**{
        "id": uuid.uuid4(), "task_id": task.id, "patient_id": patient.id, "seq": 1,
        "node": "node1", "phone": patient.phone, "state": state, "committed_at": started,
        "answered_at": rung if talked_s else None,
        "ended_at": rung + timedelta(seconds=talked_s or 20) if over else None,
        "disposition": disposition, **more})
    session.add(attempt)
    await session.flush()
    return attempt


async def add_response(session: AsyncSession, task: Task, questionnaire: QuestionnaireRow,
                       attempt: Attempt, answers: list[tuple[str, dict[str, Any], str]],
                       findings: dict[str, tuple[str, Severity]], *, completed: bool) -> Response:
    """A response with answers (linkId, value[x], heard) and findings by linkId."""
    response = Response(id=uuid.uuid4(), task_id=task.id, patient_id=task.patient_id,
                        questionnaire_id=questionnaire.id, language="zh",
                        state=ResponseState.COMPLETED if completed else ResponseState.IN_PROGRESS,
                        completed_at=now() if completed else None)
    session.add(response)
    await session.flush()
    for place, (link_id, value, heard) in enumerate(answers):
        answer = Answer(id=uuid.uuid4(), response_id=response.id, attempt_id=attempt.id,
                        link_id=link_id, value=value, heard=heard, given_by=GivenBy.KEY,
                        given_at=(attempt.answered_at or now()) + timedelta(seconds=9 * place + 8))
        session.add(answer)
        await session.flush()
        if link_id in findings:
            rule, severity = findings[link_id]
            session.add(Finding(response_id=response.id, answer_id=answer.id, link_id=link_id,
                                rule=rule, severity=severity, text=TEXTS[rule]))
    return response


def coding(code: str) -> dict[str, Any]:
    """A choice, as the conversation stores it."""
    return {"valueCoding": {"system": "urn:aftercall:post-discharge", "code": code}}


FEVER_ANSWERS: list[tuple[str, dict[str, Any], str]] = [
    ("identity", coding("self"), "1"), ("feeling", coding("bad"), "3"),
    ("temperature", {"valueDecimal": 38.9}, "38*9"), ("wound-pain", {"valueInteger": 8}, "8"),
    ("breathlessness", {"valueBoolean": False}, "2"),
]


async def open_hospital(database: Database, recordings: Path) -> Hospital:
    """Fill the database (and ``recordings`` with one sound); users are ``add_users``'s."""
    hospital, moment = Hospital(), now()
    async with database.session() as session:
        questionnaire = await publish(session, _sample())
        await session.flush()
        session.add(Campaign(id=hospital.campaign, name="11月23日 出院三日随访",
                             state=CampaignState.RUNNING, questionnaire_id=questionnaire.id,
                             started_at=moment - timedelta(minutes=42)))
        session.add(Campaign(name="11月20日 出院三日随访", state=CampaignState.FINISHED,
                             questionnaire_id=questionnaire.id,
                             started_at=moment - timedelta(days=3)))
        await session.flush()
        people = []
        for number, (name, sex, department, diagnosis, operation) in enumerate(PEOPLE, start=1):
            patient, stay = await add_patient(
                session, name, number=number, department=department, sex=sex, diagnosis=diagnosis,
                operation=operation, days_ago=2 + number % 4)
            people.append((patient, stay))
            hospital.patients.append(patient.id)
        await _morning(session, hospital, questionnaire, people, moment)
        size, digest = write_tone(recordings / "2026" / "first.wav", seconds=75)
        recording = Recording(id=hospital.recording, attempt_id=hospital.escalated,
                              state=RecordingState.SEALED, capture_file="first.wav",
                              file="2026/first.wav", size=size, sha256=digest,
                              duration_ms=75_000, sealed_at=moment)
        session.add(recording)
        await session.flush()
        for at, kind, link_id in ((1200, "question", "identity"), (8300, "answer", "identity"),
                                  (9100, "question", "feeling"), (17000, "answer", "feeling"),
                                  (18000, "question", "temperature"),
                                  (26500, "finding", "temperature"),
                                  (27400, "question", "wound-pain"),
                                  (35200, "finding", "wound-pain"),
                                  (47000, "escalation", None), (52300, "agent", None)):
            session.add(RecordingMark(recording_id=recording.id, at_ms=at, kind=kind,
                                      link_id=link_id))
        await add_case(session, hospital, recordings.parent / "case-files")
        session.add(MessageTemplateRow(id=hospital.template, code="SMS_900001", name="就诊须知",
                                       text="${hospital}就诊须知：${content}。", position=900))
    return hospital


async def add_case(session: AsyncSession, hospital: Hospital, files: Path) -> None:
    """A complaint of the first patient, with a file."""
    setup = await load_setup(session)
    told = Told(CaseKind.COMPLAINT, Channel.PHONE, "换药时护士态度生硬，等了四十分钟没有人解释。",
                category=setup.find_category("护士")[0].id, severity=setup.severities[0].id,
                patient=str(hospital.patients[0]), departments=("骨科",), people=("方护士",))
    case, _ = await register(session, told, setup, By("agent", "林护士"))
    hospital.case = case.id
    file = check_file("说明.txt", "当时的情况说明".encode())
    await Attachments(files, keys_of(load_secrets(files.parent))).keep(file)
    await attach(session, case, [file], By("agent", "林护士"))
    hospital.case_file = (await session.scalars(select(CaseAttachment.id))).one()


async def _morning(session: AsyncSession, hospital: Hospital, questionnaire: QuestionnaireRow,
                   people: list[tuple[Patient, Encounter]], moment: datetime) -> None:
    def ago(minutes: float) -> datetime:
        return moment - timedelta(minutes=minutes)

    async def task(place: int, state: TaskState, how: Disposition | None = None) -> Task:
        patient, stay = people[place]
        made = await add_task(session, hospital.campaign, patient, stay, state, how)
        hospital.tasks.append(made.id)
        return made

    async def alert(response: Response, severity: Severity, reasons: list[tuple[str, str]],
                    deadline: datetime, **more: Any) -> None:
        row = Alert(id=uuid.uuid4(), response_id=response.id, patient_id=response.patient_id,
                    severity=severity, deadline=deadline,
                    reasons=[{"rule": rule, "link_id": link_id, "severity": severity.value,
                              "text": TEXTS[rule]} for rule, link_id in reasons], **more)
        session.add(row)
        await session.flush()
        hospital.alerts.append(row.id)
        hospital.responses.append(response.id)

    # fever and pain, taken over by an agent; then a short word was not enough: still open
    made = await task(0, TaskState.DONE, Disposition.ESCALATED)
    first = await add_attempt(session, made, people[0][0], AttemptState.ENDED,
                              Disposition.ESCALATED, started=ago(31), talked_s=75,
                              id=hospital.escalated)
    response = await add_response(
        session, made, questionnaire, first, FEVER_ANSWERS,
        {"temperature": ("fever", Severity.ABNORMAL), "wound-pain": ("pain", Severity.ABNORMAL)},
        completed=False)
    await alert(response, Severity.ABNORMAL, [("fever", "temperature"), ("pain", "wound-pain")],
                moment + timedelta(minutes=88))
    nurse = Agent(extension="801", name="林护士", languages=["zh", "en"],
                  state=AgentState.AVAILABLE, state_since=ago(4))
    other = Agent(extension="802", name="高护士", languages=["zh"], state=AgentState.WRAP_UP,
                  state_since=ago(0.3))
    busy = Agent(extension="803", name="梁护士", languages=["zh"], state=AgentState.ON_CALL,
                 state_since=ago(1.4))
    session.add_all([nurse, other, busy])
    await session.flush()
    session.add(Escalation(attempt_id=first.id, agent_id=nurse.id, state=EscalationState.BRIDGED,
                           requested_at=ago(30.2), bridged_at=ago(30.2) + timedelta(seconds=3.4),
                           ended_at=ago(29.7)))

    # breathless, nobody was free: critical, past its deadline
    made = await task(1, TaskState.DONE, Disposition.CALLBACK_ALERT)
    second = await add_attempt(session, made, people[1][0], AttemptState.ENDED,
                               Disposition.CALLBACK_ALERT, started=ago(14), talked_s=48)
    response = await add_response(
        session, made, questionnaire, second,
        [("identity", coding("self"), "1"), ("breathlessness", {"valueBoolean": True}, "1")],
        {"breathlessness": ("breath", Severity.CRITICAL)}, completed=False)
    session.add(Escalation(attempt_id=second.id, state=EscalationState.NO_AGENT,
                           requested_at=ago(13.4), ended_at=ago(13.2)))
    await alert(response, Severity.CRITICAL, [("breath", "breathlessness")], ago(3))

    # an alert that is closed
    made = await task(2, TaskState.DONE, Disposition.CALLBACK_ALERT)
    third = await add_attempt(session, made, people[2][0], AttemptState.ENDED,
                              Disposition.CALLBACK_ALERT, started=ago(36), talked_s=61)
    response = await add_response(
        session, made, questionnaire, third, FEVER_ANSWERS[:3],
        {"temperature": ("fever", Severity.ABNORMAL)}, completed=False)
    await alert(response, Severity.ABNORMAL, [("fever", "temperature")], ago(-80),
                state=AlertState.CLOSED, closed_at=ago(9), closed_by="徐医生",
                note="已电话联系，体温降至 37.6，嘱多饮水，明日门诊复查。")

    # a run of ordinary outcomes
    for place, how, talked in ((3, Disposition.COMPLETED, 96), (4, Disposition.COMPLETED, 88),
                               (5, Disposition.NO_ANSWER, 0), (6, Disposition.PARTIAL, 21),
                               (7, Disposition.COMPLETED, 104)):
        state = TaskState.DONE if talked > 30 else TaskState.DUE
        made = await task(place, state, how)
        attempt = await add_attempt(session, made, people[place][0], AttemptState.ENDED, how,
                                    started=ago(28 - 3 * place), talked_s=talked,
                                    hangup_point="feeling" if talked == 21 else None)
        if talked > 30:
            await add_response(
                session, made, questionnaire, attempt,
                [("identity", coding("self"), "1"), ("feeling", coding("good"), "1"),
                 ("temperature", {"valueDecimal": 36.6}, "36*6"),
                 ("wound-pain", {"valueInteger": 2}, "2")], {}, completed=True)

    # calls in progress
    made = await task(8, TaskState.CALLING)
    live = await add_attempt(session, made, people[8][0], AttemptState.ANSWERED, started=ago(0.8),
                             talked_s=1)
    sound = Recording(id=uuid.uuid4(), attempt_id=live.id, capture_file="live.wav")
    session.add(sound)
    await session.flush()
    for at, link_id in ((1000, "identity"), (9000, "temperature"), (17000, "wound-pain")):
        session.add(RecordingMark(recording_id=sound.id, at_ms=at, kind="question",
                                  link_id=link_id))
    await add_response(session, made, questionnaire, live, FEVER_ANSWERS[:2], {}, completed=False)
    made = await task(9, TaskState.CALLING)
    held = await add_attempt(session, made, people[9][0], AttemptState.ANSWERED, started=ago(1.6),
                             talked_s=1)
    await add_response(session, made, questionnaire, held, FEVER_ANSWERS[:4], {}, completed=False)
    session.add(Escalation(attempt_id=held.id, agent_id=busy.id, state=EscalationState.BRIDGED,
                           requested_at=ago(1.5), bridged_at=ago(1.4)))
    made = await task(10, TaskState.CALLING)
    await add_attempt(session, made, people[10][0], AttemptState.RINGING, started=ago(0.1))
    await task(11, TaskState.DUE)


def write_tone(path: Path, seconds: int) -> tuple[int, str]:
    """A stereo 8 kHz WAV: a tone left, silence right. Returns size in bytes and SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    one = array("h")
    for n in range(8000):
        one.extend((int(6000 * math.sin(2 * math.pi * 440 * n / 8000)), 0))
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        for _ in range(seconds):
            sound.writeframes(one.tobytes())
    content = path.read_bytes()
    return len(content), hashlib.sha256(content).hexdigest()
