"""What the server takes for the list of 100,000 recordings: each filter, a deep page, the figures
of retention; through the console's own pages, template and all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from bench.pages import GOAL_MS, console, visit
from bench.sample import fill, spread
from bench.seed import has_patients
from bench.spotchecks import CALLS, STATEMENTS
from followup.database.engine import Database

TIMES = 20
# Of one call in 50 there is a finding, of one in 100 an escalation; one in 33 ended otherwise than
# most; few are held, commented on, lost, or not what was sealed.
_FILL = (
    """insert into patient (id, mrn, name, sex, phone, language, do_not_call, updated_at,
                            search_keys)
       select gen_random_uuid(), 'ZY' || to_char(n, 'FM000000'), '测试', 'unknown',
              '+86138' || to_char(n, 'FM00000000'), 'zh', false, now(),
              array['测试', 'ceshi', 'cs', 'zy' || to_char(n, 'FM000000'), to_char(n, 'FM000000')]
       from generate_series(2, 100000) n""",
    """insert into encounter (id, patient_id, department, diagnosis, operation, attending_doctor,
                              discharged_on)
       select gen_random_uuid(), id, '骨科', '', '', '', current_date from patient
       where mrn like 'ZY%'""",
    """insert into task (id, campaign_id, patient_id, encounter_id, state, due_at, priority,
                         attempts_made, updated_at)
       select gen_random_uuid(), (select id from campaign limit 1), patient_id, e.id, 'due', now(),
              100, 0, now() from encounter e join patient p on p.id = e.patient_id
       where p.mrn like 'ZY%'""",
    *STATEMENTS[:-1],
    """update attempt set disposition = case abs(hashtext(id::text || 'd')) % 100
       when 0 then 'refused' when 1 then 'partial' when 2 then 'failed' else 'completed' end""",
    """insert into recording (id, created_at, attempt_id, state, capture_file, file, stored, sha256,
                              size, duration_ms, sealed_at, seal_number, missing_ms)
       select gen_random_uuid(), answered_at, id, 'sealed', id || '.raw', id || '.wav.sealed',
              'folder', md5(id::text), 44 + 32000 * talk, 1000 * talk, ended_at,
              row_number() over (order by ended_at), 0
       from (select *, extract(epoch from ended_at - answered_at)::int as talk from attempt) a""",
    """update recording set state = 'lost', file = null, seal_number = null
       where abs(hashtext(id::text || 'l')) % 5000 = 0""",
    """insert into recording_mark (id, recording_id, at_ms, kind, label)
       select gen_random_uuid(), id, 9000 * n, 'question', '' from recording,
              generate_series(1, 6) n""",
    """insert into recording_mark (id, recording_id, at_ms, kind, label)
       select gen_random_uuid(), r.id, 20000, kind, ''
       from recording r join answer a on a.attempt_id = r.attempt_id
       join finding f on f.answer_id = a.id, (values ('finding'), ('escalation')) k (kind)""",
    """insert into recording_hold (id, recording_id, reason, set_by, release_reason)
       select gen_random_uuid(), id, '医疗纠纷取证', 'bench', '' from recording
       where abs(hashtext(id::text || 'h')) % 1000 = 0 and state = 'sealed'""",
    """insert into recording_comment (id, recording_id, author_id, at_ms, text)
       select gen_random_uuid(), id, (select id from app_user limit 1), 1000, '语气' from recording
       where abs(hashtext(id::text || 'c')) % 200 = 0""",
    """insert into recording_check (recording_id, checked_at)
       select id, now() from recording where abs(hashtext(id::text || 'v')) % 3 = 0""",
    """insert into retention_rule (id, campaign_id, disposition, days, set_by)
       select gen_random_uuid(), null, d, n, 'bench'
       from (values ('refused', 10), ('completed', 25), (null, 365)) r (d, n)""",
    "analyze",
)
_LISTS = (
    "", "deep", "sort=length", "sort=-length", "q=测试", "q=4207", "q=没有这个人",
    "q=zy07777", "q=77777", "begin={day}&end={day}",
    "begin={day}&end={day}&department=科室3", "department=科室3",
    "department=没有", "campaign={campaign}", "questionnaire={questionnaire}", "agent={agent}",
    "kind=ivr", "kind=agent", "kind=browser", "kind=case", "kind=recheck", "kind=message",
    "outcome=completed", "outcome=failed", "outcome=voicemail", "seal=sealed", "seal=verified",
    "seal=failed", "seal=lost", "seal=short", "seal=waiting", "told=finding", "told=escalation",
    "held=yes", "comments=yes", "department=科室3&told=finding&sort=-length")


async def _fill(database: Database) -> None:
    for statement in _FILL:
        async with database.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            await raw.execute(statement, timeout=600)     # longer than a page's may take


async def measure(database: Database) -> dict[str, Any]:
    """Milliseconds within the server by address, and which take longer than they should."""
    made = await has_patients(database)
    if not made:
        await fill(database, 1)
    result: dict[str, Any] = {"recordings": CALLS, "times": TIMES, "goal_ms": GOAL_MS}
    async with console(database) as (client, took, token):
        if not made:
            await _fill(database)
        async with database.session() as session:
            known = {name: str(await session.scalar(text(query))) for name, query in (
                ("day", "select max(created_at)::date from recording"),
                ("campaign", "select campaign_id from recording limit 1"),
                ("questionnaire", "select questionnaire_id from campaign limit 1"),
                ("agent", "select agent_id from escalation limit 1"))}
        for address in (*(f"/recordings?{query}" for query in _LISTS),
                        "/recordings/export?held=yes&format=csv",
                        "/recordings/export?begin={day}&format=xlsx", "/recordings/retention",
                        "/recordings/retention?outcome=completed&days=20"):
            path, _, query = address.format(**known).partition("?")
            last = []
            for _ in range(TIMES):
                status, _sent = await visit(client, path, query, {"token": [token]}, 0)
                if status != 200:
                    raise RuntimeError(f"{address}: status {status}")
                last.append(took[-1])
            result[address] = spread(last)
    result["over"] = [address for address, each in result.items()
                      if isinstance(each, dict) and each["p99_ms"] > GOAL_MS]
    return result
