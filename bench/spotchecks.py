"""What it costs to draw a sample of spot checks from 100,000 finished calls."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from bench.sample import fill, spread
from bench.seed import has_patients
from followup.database.base import now
from followup.database.engine import Database
from followup.spotchecks.plans import draw_sample
from followup.spotchecks.population import Scope
from followup.spotchecks.sampling import By, Method

CALLS, SAMPLE, TIMES = 100_000, 100, 15

# Every call has four answers. One in 40 lasted 12 s; of one in 25 all answers are unsure; one in
# 50 has a finding, and of those every second one an agent; one in 100 an answer an agent replaced.
STATEMENTS = (
    "update encounter set department = '科室' || (abs(hashtext(id::text)) % 12)",
    """insert into agent (id, created_at, extension, name, kind, languages, state, state_since)
       select gen_random_uuid(), now(), (8000 + n)::text, '坐席' || n, 'sip', '{zh}', 'offline',
              now()
       from generate_series(1, 20) n""",
    """insert into attempt (id, task_id, patient_id, seq, node, phone, state, committed_at,
                            answered_at, ended_at, disposition)
       select gen_random_uuid(), id, patient_id, 1, 'node1', '+8613800130000', 'ended',
              ended - interval '200 s', ended - make_interval(secs => talk), ended, 'completed'
       from (select t.*,
                    now() - make_interval(mins => (abs(hashtext(id::text)) % 40000)::int) as ended,
                    case when abs(hashtext(id::text || 'a')) % 40 = 0 then 12 else 120 end as talk
             from task t) t""",
    """insert into response (id, created_at, task_id, patient_id, questionnaire_id, state, language)
       select gen_random_uuid(), now(), t.id, t.patient_id, c.questionnaire_id, 'completed', 'zh'
       from task t join campaign c on c.id = t.campaign_id""",
    """insert into answer (id, response_id, attempt_id, link_id, position, open, value, heard,
                           confidence, given_by, given_at, superseded_at)
       select gen_random_uuid(), r.id, a.id, 'q' || n, 0, false, '{"valueBoolean": true}', '1',
              case when abs(hashtext(a.id::text || 'c')) % 25 = 0 then 0.4 else 1 end, 'key',
              a.answered_at, case when n = 1 and abs(hashtext(a.id::text || 'o')) % 100 = 0
                                  then a.ended_at end
       from attempt a join response r on r.task_id = a.task_id, generate_series(1, 4) n""",
    """insert into answer (id, response_id, attempt_id, link_id, position, open, value, heard,
                           confidence, given_by, given_at)
       select gen_random_uuid(), response_id, attempt_id, link_id, 0, false,
              '{"valueBoolean": false}', heard, 1, 'agent', superseded_at
       from answer where superseded_at is not null""",
    """insert into finding (id, created_at, response_id, answer_id, link_id, rule, severity, text)
       select gen_random_uuid(), now(), response_id, id, link_id, 'bench', 'abnormal', '{}'
       from answer where link_id = 'q2' and abs(hashtext(attempt_id::text || 'f')) % 50 = 0""",
    """insert into escalation (id, created_at, attempt_id, agent_id, state, requested_at,
                               bridged_at, ended_at)
       select gen_random_uuid(), now(), attempt_id,
              (select id from agent order by hashtext(id::text || x.attempt_id::text) limit 1),
              'bridged', given_at, given_at, given_at
       from (select distinct attempt_id, given_at from answer
             where abs(hashtext(attempt_id::text || 'f')) % 100 = 0) x""",
    "analyze",
)


async def measure(database: Database, calls: int = CALLS) -> dict[str, Any]:
    """Time to draw 100 of so many calls, by each method: query, transfer and draw together."""
    if not await has_patients(database):
        await fill(database, calls)
        for statement in STATEMENTS:
            async with database.engine.connect() as connection:
                raw: Any = (await connection.get_raw_connection()).driver_connection
                await raw.execute(statement, timeout=600)     # longer than a page's may take
    scope = Scope(now() - timedelta(days=40), now() + timedelta(days=1))
    result: dict[str, Any] = {"calls": calls, "sample": SAMPLE, "times": TIMES}
    wanted = [(Method.RANDOM, None), *((Method.STRATIFIED, by) for by in By), (Method.RISK, None)]
    for method, by in wanted:
        took = []
        for seed in range(TIMES):
            began = time.perf_counter()
            async with database.session() as session:
                drawn, sizes = await draw_sample(session, scope, method, by, SAMPLE, seed)
            took.append(time.perf_counter() - began)
            if len(drawn) != SAMPLE or sum(sizes.values()) != calls:
                raise RuntimeError(f"{method}: drew {len(drawn)} of {sum(sizes.values())}")
        name = f"{method.value}{f'_by_{by.value}' if by else ''}"
        result[name] = {"strata": len(sizes), **spread(took)}
    async with database.engine.connect() as connection:
        result["doubtful_answers_indexed"] = await connection.scalar(text(
            "select reltuples::int from pg_class where relname = 'ix_answer_doubtful'"))
    return result
