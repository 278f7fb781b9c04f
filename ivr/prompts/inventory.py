"""Which prompts there are, and who says them: what a recording studio and an administrator ask."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum

from followup.errors import InvalidInput
from followup.questionnaires.definition import Questionnaire
from ivr.prompts.book import FIXED, PromptBook, written
from ivr.prompts.prompt import Prompt, Value
from ivr.prompts.recordings import Recording
from ivr.prompts.texts import FRAGMENTS, catalogue, fillers, questionnaire_texts


class State(StrEnum):
    """``outdated``: recorded for a text that has changed since, so the voice speaks."""

    RECORDED = "recorded"
    OUTDATED = "outdated"
    SPOKEN = "spoken"
    SILENT = "silent"            # no recording, and no voice for the language


@dataclass(frozen=True)
class Entry:
    """One prompt in one language; ``text`` is what is to be read, ``sample`` fills what is left."""

    id: str
    language: str
    text: str
    variables: tuple[str, ...]
    state: State
    recording: Recording | None
    sample: Mapping[str, Value]

    @property
    def recordable(self) -> bool:
        """Whether a recording may stand for it: nothing in it changes from call to call."""
        return not self.variables

    @property
    def missing(self) -> bool:
        """Whether somebody should record it."""
        return self.state is State.SILENT or (self.recordable and
                                              self.state is not State.RECORDED)

    @property
    def prompt(self) -> Prompt:
        """To be heard with sample values in it."""
        return Prompt(self.id, self.sample, self.language)


# what stands for a variable when somebody listens to a prompt outside a call
_SAMPLES: Mapping[str, Mapping[str, Value]] = {
    "zh": {"name": "张三", "department": "骨科"}, "yue": {"name": "陳大文", "department": "骨科"},
    "en": {"name": "Ann Lee", "department": "骨科"}}
_ANSWERS: Mapping[str, Value] = {"key": "7", "told": 101, "minimum": 0, "maximum": 10,
                                 "value": Decimal("38.5"), "start": time(8),
                                 "end": time(20), "time": time(15, 30)}


def inventory(book: PromptBook, language: str, questionnaires: Iterable[Questionnaire],
              hospital: Mapping[str, str]) -> Iterator[Entry]:
    """Every prompt of a language: the catalogue's, then the questionnaires'. Reads files."""
    texts = dict(catalogue(language))
    for questionnaire in questionnaires:
        texts |= {name: text for (name, spoken_in), text
                  in questionnaire_texts(questionnaire).items() if spoken_in == language}
    for name, template in texts.items():
        if name not in FRAGMENTS:
            yield _entry(book, name, language, template, hospital.get(language, ""))


def find(entries: Iterable[Entry], prompt_id: str) -> Entry:
    """The prompt of this id; InvalidInput when there is none, or no recording may stand for it."""
    for entry in entries:
        if entry.id == prompt_id:
            return entry
    raise InvalidInput(f"id = {prompt_id!r}: there is no such prompt; `aftercall prompts missing "
                       "--all` lists them", field="id", expected="a prompt's id")


def to_csv(entries: Iterable[Entry]) -> bytes:
    """For the studio: UTF-8 with BOM, one row a prompt; no cell can act as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["id", "language", "text", "variables", "state", "file"])
    for entry in entries:
        text = f"'{entry.text}" if entry.text.startswith(("=", "+", "-", "@", "\t")) else entry.text
        writer.writerow([entry.id, entry.language, text, " ".join(entry.variables),
                         entry.state.value, f"{entry.language}/{entry.id}.wav"])
    return out.getvalue().encode("utf-8-sig")


def _entry(book: PromptBook, name: str, language: str, template: str, hospital: str) -> Entry:
    left = fillers(template) - FIXED
    text = written(template, hospital)
    recording = None if left else book.recordings.find(name, language)
    if recording and recording.text in ("", text):
        state = State.RECORDED
    elif not book.speaks(language):
        state = State.SILENT
    else:
        state = State.OUTDATED if recording else State.SPOKEN
    sample = {"hospital": hospital, **_SAMPLES[language], **_ANSWERS}
    return Entry(name, language, text, tuple(sorted(left)), state, recording, sample)
