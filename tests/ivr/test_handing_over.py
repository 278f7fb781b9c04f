"""A conversation on the telephone when a person is wanted: an agent comes, or none does."""

from __future__ import annotations

from followup.calls.models import Disposition
from ivr.key_line import KeyLine
from tests.ivr.test_driver import QUESTIONS, Desk, Telephone, talk


async def test_after_the_agents_talk_nothing_more_is_said() -> None:
    telephone = Telephone("1 1 36*8# 2# 1 1")
    ended, desk = await talk(telephone, agent=True)
    assert [each.reason for each in desk.handed_over] == ["finding"]
    assert (ended.outcome, ended.complete) == (Disposition.ESCALATED, False)
    assert telephone.trace[-1] == "store breathlessness", "the agent's phone rings at once"


async def test_without_an_agent_the_patient_hears_so() -> None:
    telephone = Telephone("1 1 36*8# 2# 1 1")
    ended, _ = await talk(telephone)
    assert ended.outcome is Disposition.CALLBACK_ALERT
    assert telephone.trace[-3:] == ["nobody-free", "emergency", "goodbye"]


async def test_a_patient_who_asked_in_vain_is_asked_on() -> None:
    telephone = Telephone("1 0 1 36*8# 2# 1 2 1")
    ended, desk = await talk(telephone)
    assert desk.handed_over[0].reason == "asked"
    assert "nobody-free-go-on" in telephone.trace
    assert (ended.outcome, ended.complete) == (Disposition.CALLBACK_ALERT, True)
    assert len(desk.answers) == QUESTIONS + 1


async def test_an_agent_is_connected_to_a_line_without_a_tone_of_ours() -> None:
    telephone = Telephone()
    line = KeyLine(telephone, Desk(telephone), "zh")  # type: ignore[arg-type]
    await line.idle()
    await line.release()
    await line.release()
    assert telephone.idle_at == [0, -1], "stopped once"
