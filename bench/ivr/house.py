"""What a run needs of the hospital that was put up for it: the script, patients, stored answers."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from sqlalchemy import func, select, update

from bench.ivr.ground import Ground
from bench.ivr.plan import Plan
from bench.ivr.run import Run
from bench.ivr.script import Script, rehearse, timed
from bench.sample import fill
from followup.calls.ledger import attempt_id_of
from followup.calls.models import Attempt, Disposition
from followup.patients.models import Patient
from followup.questionnaires.fhir import load_questionnaire
from followup.questionnaires.library import POST_DISCHARGE
from followup.responses.models import Answer
from ivr.conversation import Context
from ivr.prompts.tones import BEEP
from recordings.lacking import noted

# as bench.sample.fill makes patients
NAME, DEPARTMENT = "测试", "骨科"


async def script_of(ground: Ground, plan: Plan, language: str) -> Script:
    """The call that everybody has."""
    hospital = {"zh": ground.settings.hospital, "en": ground.settings.hospital_en}
    turns = await rehearse(load_questionnaire(POST_DISCHARGE.read_bytes()),
                           Context(hospital, NAME, DEPARTMENT, language), ground.book)
    return timed(turns, ground.settings.sounds_dir / BEEP, plan.reaction_s)


async def admit(ground: Ground, language: str, tasks: int = 1500) -> None:
    """Patients to call, all due now."""
    await fill(ground.database, tasks)
    async with ground.database.session() as session:
        await session.execute(update(Patient).values(language=language))


async def look_at_answers(ground: Ground, run: Run, script: Script) -> None:
    """Calls that ended by themselves must have all their answers in the database."""
    over = [attempt_id_of(call.channel_id) for call in run.over]
    wanted = sum(bool(turn.keys) for turn in script.turns)
    async with ground.database.session() as session:
        stored = select(func.count(Answer.id)).where(
            Answer.attempt_id == Attempt.id).correlate(Attempt).scalar_subquery()
        rows = (await session.execute(select(Attempt.outcome, stored).where(
            Attempt.id.in_(over)))).all()
    complete = sum(outcome is Disposition.COMPLETED and answers == wanted
                   for outcome, answers in rows)
    run.result.completed += complete
    run.result.wrong += len(rows) - complete


def look_at_recordings(ground: Ground, run: Run) -> None:
    """What was recorded must lack nothing; how much it does is told."""
    lacking = [lack for capture in ground.settings.spool_dir.glob("*.raw")
               if (lack := noted(capture))]
    if lacking:
        run.result.errors.append(f"{len(lacking)} recordings lack {sum(lacking)} ms of sound")


def from_log(log: Path, event: str, names: dict[str, str]) -> dict[str, float | None]:
    """Figures that our server has told when it stopped."""
    found: dict[str, float | None] = dict.fromkeys(names)
    with suppress(FileNotFoundError):
        for line in log.read_text("utf-8", "replace").splitlines():
            with suppress(ValueError):
                told = json.loads(line)
                if told.get("event") == event:
                    found = {name: told.get(key) for name, key in names.items()}
    return found
