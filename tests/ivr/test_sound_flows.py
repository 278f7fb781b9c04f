"""No gap in the sound, of this call or of others, while something else is done; and no command
for a gap that nobody hears."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from followup.questionnaires.definition import Item
from ivr.conversation import begin
from ivr.conversation.actions import StoreAnswer
from ivr.driver import converse
from ivr.key_line import KeyLine
from ivr.prompts.prompt import Prompt
from ivr.understanding import Grammar, Meaning, phrases
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
    async with asyncio.timeout(40):
        await converse(KeyLine(telephone, desk, "zh"), desk,  # type: ignore[arg-type]
                       begin(SAMPLE, CONTEXT))
    stored = [at for at, what in enumerate(telephone.trace) if what.startswith("store ")]
    assert len(stored) > QUESTIONS
    assert set(stored) <= set(telephone.idle_at), "nothing was played between the tone and it"


async def test_no_command_is_spent_on_what_nobody_can_hear() -> None:
    telephone = Telephone(NORMAL)
    await talk(telephone)
    assert telephone.idle_at == []


class Attentive(KeyLine):
    """A line on which words would count; ``may_be_said``: what it was told to listen for."""

    hears_words = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.may_be_said: set[str] = set()

    async def say(self, prompts: Sequence[Prompt], interruptible: bool = True,
                  grammar: Grammar | None = None) -> Any:
        self.may_be_said |= {*grammar.phrases} if grammar else set()
        return await super().say(prompts, interruptible)


async def test_sound_flows_while_the_phrases_of_a_question_are_made(
        monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[int] = Counter()               # phrases, by turn of who has other things to do
    phrases_of: list[tuple[str, str]] = []
    turn, understand = 0, phrases.understand

    async def others() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def counted(item: Item, language: str, said: str) -> Meaning:
        made[turn] += 1
        phrases_of.append((item.link_id, said))
        return understand(item, language, said)

    async def call() -> None:
        telephone = Telephone(NORMAL)
        line = Attentive(telephone, desk := Desk(telephone), "zh")
        await converse(line, desk, begin(SAMPLE, CONTEXT))
        assert {"是的", "三十六度八", "有"} <= line.may_be_said

    monkeypatch.setattr(phrases, "understand", counted)
    monkeypatch.setattr(phrases, "_kept", {})
    beside = asyncio.create_task(others())
    await asyncio.gather(call(), call())
    await call()
    beside.cancel()
    assert max(made.values()) <= 2 * 2 * phrases.FEW, "the sound of all calls stood still"
    assert len(phrases_of) == len(set(phrases_of)) > 1000, "something was made twice"


async def test_a_line_of_keys_has_no_phrases_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "_kept", {})
    await talk(Telephone(NORMAL))
    assert not phrases._kept
