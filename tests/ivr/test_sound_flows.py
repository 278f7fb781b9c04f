"""No gap in the sound while the database is asked, and no command for a gap that nobody hears."""

from __future__ import annotations

import asyncio

from ivr.conversation import begin
from ivr.conversation.actions import StoreAnswer
from ivr.driver import converse
from ivr.key_line import KeyLine
from tests.ivr.test_driver import CONTEXT, NORMAL, QUESTIONS, SAMPLE, Desk, Telephone, talk


class SlowDesk(Desk):
    """Keeps an answer once the line has a tone."""

    async def store(self, answer: StoreAnswer) -> None:
        self.telephone.has_tone.clear()
        await self.telephone.has_tone.wait()
        await super().store(answer)


async def test_sound_flows_while_the_database_takes_its_time() -> None:
    telephone = Telephone(NORMAL)
    desk = SlowDesk(telephone)
    async with asyncio.timeout(20):
        await converse(KeyLine(telephone, desk, "zh"), desk,  # type: ignore[arg-type]
                       begin(SAMPLE, CONTEXT))
    stored = [at for at, what in enumerate(telephone.trace) if what.startswith("store ")]
    assert len(stored) > QUESTIONS
    assert set(stored) <= set(telephone.idle_at), "nothing was played between the tone and it"


async def test_no_command_is_spent_on_what_nobody_can_hear() -> None:
    telephone = Telephone(NORMAL)
    await talk(telephone)
    assert telephone.idle_at == []
