"""What a machine on the line makes of a call: it is left, while a person stays one."""

from __future__ import annotations

import asyncio

import pytest

from followup.calls.models import Disposition
from ivr.answering import Verdict, Watch
from ivr.conversation import begin
from ivr.driver import Ended, converse
from ivr.key_line import KeyLine
from ivr.prompts.tones import quiet_offset
from tests.ivr.conversation.driver import CONTEXT, SAMPLE
from tests.ivr.test_driver import NORMAL, Desk, Telephone


class Heard(Watch):
    """A watch that has made up its mind once so many sounds were played."""

    def __init__(self, verdict: Verdict, telephone: Telephone, after: int) -> None:
        super().__init__()
        self._given, self._telephone, self._after = verdict, telephone, after

    @property
    def verdict(self) -> Verdict:
        return self._given if len(self._telephone.trace) >= self._after else Verdict.UNDECIDED


async def watched(telephone: Telephone, verdict: Verdict, after: int) -> tuple[Ended, Desk]:
    desk = Desk(telephone)
    line = KeyLine(telephone, desk, "zh")  # type: ignore[arg-type]
    line.watch = Heard(verdict, telephone, after)
    async with asyncio.timeout(40):
        return await converse(line, desk, begin(SAMPLE, CONTEXT)), desk


@pytest.mark.parametrize("after", [1, 2, 3, 4])
async def test_a_machine_hears_no_further_prompt(after: int) -> None:
    telephone = Telephone("")
    ended, desk = await watched(telephone, Verdict.MACHINE, after)
    assert (ended.outcome, ended.complete) == (Disposition.VOICEMAIL, False)
    assert len(telephone.trace) == after
    assert not desk.answers


async def test_what_only_talks_like_a_machine_is_waited_for_in_short_turns() -> None:
    telephone = Telephone("")
    ended, _ = await watched(telephone, Verdict.LIKELY, 4)
    assert ended.outcome is Disposition.VOICEMAIL
    assert telephone.trace.count("identity") == 2            # and the third time by its keys
    assert telephone.offsets == [quiet_offset(1000)] * 18    # a beep would be noticed in between


@pytest.mark.parametrize("verdict", [Verdict.LIKELY, Verdict.MACHINE])
async def test_a_key_at_any_prompt_shows_a_person_whatever_is_heard(verdict: Verdict) -> None:
    for cut in ("greeting", "recording-notice", "identity"):
        telephone = Telephone(NORMAL[1:], barge={cut: "1"})
        ended, desk = await watched(telephone, verdict, telephone.commands + {
            "greeting": 1, "recording-notice": 2, "identity": 4}[cut])
        assert ended.outcome is Disposition.COMPLETED
        assert desk.answers["identity"].heard == "1"
