"""Which script answers which FastAGI request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from agi_scripts.agent_joined import agent_joined
from agi_scripts.follow_up import follow_up
from agi_scripts.house import House
from agi_scripts.probe import probe
from ivr.agi import Handler
from ivr.prompts.book import PromptBook
from ivr.voice_line import Voice


def routes(house: House, book: PromptBook, voice: Voice | None = None) -> Mapping[str, Handler]:
    """Script name, as in ``agi://host/name``, to what handles it."""
    return {
        "follow_up": partial(follow_up, house=house, book=book, voice=voice),
        "agent_joined": partial(agent_joined, house=house),
        "probe": probe,
    }
