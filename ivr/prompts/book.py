"""From a prompt to a sound file that Asterisk can play, made once and kept.

A file is named by what is in it (voice, language, rate and text, or the bytes of a human
recording), so it is never stale, and any number of processes may share the folder.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from followup.errors import AftercallError, InvalidInput
from followup.log import get_logger
from followup.questionnaires.definition import Questionnaire
from ivr.prompts import audio
from ivr.prompts.alarms import Alarms
from ivr.prompts.errors import BadRecording, MissingSound, UnknownPrompt, VoiceError
from ivr.prompts.files import SoundFiles
from ivr.prompts.prompt import Prompt
from ivr.prompts.recordings import Recordings
from ivr.prompts.speak import fill
from ivr.prompts.texts import catalogue, fillers, questionnaire_texts
from ivr.prompts.voice import EspeakVoice, Voice

log = get_logger(__name__)

SLOWLY = 0.8                     # of the usual rate, where keys are offered slowly
FIXED = frozenset({"hospital"})  # a human recording may stand for a text with these filled in
PRIVATE = frozenset({"name"})    # what never leaves the hospital when names are spoken locally
LATE_S = 2.0                     # for a sound while a patient waits; else it is left out


@dataclass
class Prepared:
    """What came of preparing prompts; ``faults`` are messages for a person to act on."""

    rendered: int = 0
    reused: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Way:
    """One way to say a prompt: where its sound belongs, how it is made, by which voice.

    ``voice`` None: from a person's recording.
    """

    path: Path
    make: Callable[[], bytes]
    voice: Voice | None


@dataclass(frozen=True)
class _Kept:
    """A prompt's file, and the state of its human recording when that was decided."""

    path: Path
    played: str                  # as Asterisk is told of it: without extension
    stamp: object


class PromptBook:
    """Texts, voices and human recordings together. Safe to use from several threads."""

    def __init__(self, sounds_dir: Path, human_dir: Path, voice: Voice,
                 words_per_minute: int = 150, *, local: Voice | None = None,
                 names_locally: bool = True) -> None:
        """``sounds_dir`` is ours; ``human_dir`` holds ``<language>/<prompt id>.wav``.

        ``local`` speaks what ``voice`` cannot, whatever is still missing in a call, and, with
        ``names_locally``, every text with a patient's name.
        """
        self.sounds_dir = sounds_dir
        self.human_dir = human_dir
        self.recordings = Recordings(human_dir)
        self.voice = voice
        self.local = local or voice
        self.words_per_minute = words_per_minute
        self.alarms = Alarms(sounds_dir / "skipped")
        self._names_locally = names_locally
        self._sounds = SoundFiles(sounds_dir)
        self._texts: dict[tuple[str, str], str] = {}
        self._files: dict[tuple[object, ...], _Kept] = {}
        self._faults: dict[str, str] = {}
        self._lock = threading.Lock()
        self._late = itertools.count(1)
        self._late_makers = ThreadPoolExecutor(2, "late prompts")

    @classmethod
    def create(cls, sounds_dir: Path, human_dir: Path, espeak: Sequence[str],
               words_per_minute: int = 150) -> PromptBook:
        """A book whose voice is espeak-ng, started by ``espeak``."""
        return cls(sounds_dir, human_dir, EspeakVoice(espeak), words_per_minute)

    def learn(self, questionnaire: Questionnaire) -> None:
        """Know a questionnaire's prompts; needed before any of them is asked for."""
        self._texts.update(questionnaire_texts(questionnaire))

    def reading(self, questionnaire: Questionnaire) -> PromptBook:
        """This book with the texts of one questionnaire, whose id another version may share."""
        book = copy.copy(self)
        book._texts = {**self._texts, **questionnaire_texts(questionnaire)}
        return book

    def template(self, prompt_id: str, language: str) -> str:
        """The text of a prompt with its braces; UnknownPrompt when there is none."""
        found = self._texts.get((prompt_id, language)) or catalogue(language).get(prompt_id)
        if found is None:
            raise UnknownPrompt(f"there is no prompt {prompt_id} in {language}")
        return found

    def text(self, prompt: Prompt, language: str = "") -> str:
        """What is said, numbers in words; names are between invisible marks (``speak.plain``)."""
        language = prompt.language or language
        try:
            return fill(self.template(prompt.id, language), prompt.variables, language)
        except KeyError as error:
            raise UnknownPrompt(f"prompt {prompt.id} needs the variable {error}") from error
        except ValueError as error:
            raise UnknownPrompt(f"prompt {prompt.id} in {language}: {error}") from error

    def speaks(self, language: str) -> bool:
        """Whether any voice does."""
        return self.voice.speaks(language) or self.local.speaks(language)

    # --- in a call -----------------------------------------------------------------------------

    async def file_for(self, prompt: Prompt, language: str = "") -> str:
        """Path without extension for STREAM FILE; a human recording that is new counts at once.

        What was not prepared is spoken by the local voice if it is quick; MissingSound, with an
        alarm, when there is nothing to play. ``language`` counts where the prompt names none.
        """
        # two looks at a folder cost less than a thread that takes them
        if (kept := self._kept(prompt, language)) is not None:
            return kept.played
        try:
            async with asyncio.timeout(LATE_S):
                path = await asyncio.to_thread(self._ready, prompt, language)
                if path is None:         # apart, so that a voice that hangs holds up no lookup
                    path = await asyncio.get_running_loop().run_in_executor(
                        self._late_makers, self._make_late, prompt, language)
        except (AftercallError, OSError, TimeoutError) as error:
            why = error.message if isinstance(error, AftercallError) else \
                f"not made within {LATE_S:g} s" if isinstance(error, TimeoutError) else \
                error.strerror or type(error).__name__
            await self.left_out(prompt, language, why)
            raise MissingSound(f"prompt {prompt.id}: {why}") from error
        return str(path.with_suffix(""))

    async def left_out(self, prompt: Prompt, language: str, why: str) -> None:
        """A call did without this prompt: tell the log and the doctor, look anew next time."""
        log.error("a prompt was left out of a call", prompt=prompt.id,
                  language=prompt.language or language, why=why)
        await asyncio.to_thread(self._leave_out, prompt, language, why)

    def _leave_out(self, prompt: Prompt, language: str, why: str) -> None:
        self.alarms.raise_for(prompt.id, prompt.language or language, why)
        with self._lock:
            kept = self._files.pop(self._key(prompt, language), None)
        if kept:
            self._sounds.discard_if_broken(kept.path)

    def _kept(self, prompt: Prompt, language: str) -> _Kept | None:
        """The file that was played last, if it and the human recording are as they were."""
        kept = self._files.get(self._key(prompt, language))
        stands = kept and self._sounds.has(kept.path) and \
            kept.stamp == self._stamp(prompt.id, prompt.language or language)
        return kept if stands else None

    def _ready(self, prompt: Prompt, language: str) -> Path | None:
        """The file to play when one is there already; looks anew which that is."""
        spoken_in = prompt.language or language
        stamp = self._stamp(prompt.id, spoken_in)
        for way in self._ways(prompt, spoken_in):
            if self._sounds.has(way.path):
                return self._remember(prompt, language, way.path, stamp)
            if way.voice is None:
                break                    # no voice stands for a recording that can be made fit
        return None

    def _make_late(self, prompt: Prompt, language: str) -> Path:
        spoken_in = prompt.language or language
        stamp = self._stamp(prompt.id, spoken_in)
        quick = [way for way in self._ways(prompt, spoken_in) if way.voice in (None, self.local)]
        path, made = self._first(quick)
        if made:
            log.warning("a prompt was made during a call", prompt=prompt.id, language=spoken_in,
                        late=next(self._late))       # so many since this process began
        return self._remember(prompt, language, path, stamp)

    # --- ahead of calls ------------------------------------------------------------------------

    def render(self, prompt: Prompt, language: str = "") -> Path:
        """The sound file of a prompt, made when it is not there yet. Blocking, perhaps for long."""
        return self._render(prompt, language)[0]

    def fit(self, prompt_id: str, language: str) -> Path | None:
        """A person's recording as the telephone plays it, made now; None when there is none.

        BadRecording when it is none that can be played.
        """
        found = self.recordings.find(prompt_id, language)
        if found is None:
            return None
        [way] = self._by_people(prompt_id, language, found.text)
        self._sounds.keep(way.path, way.make)
        return way.path

    def prepare(self, prompts: Iterable[Prompt], language: str = "") -> Prepared:
        """Render prompts ahead of a campaign. Blocking; what fails is told, and the rest is made.

        Human recordings are looked at anew.
        """
        with self._lock:
            self._files.clear()
            self._faults.clear()
        different = {self._key(prompt, language): prompt for prompt in prompts}.values()

        def make(prompt: Prompt) -> bool | str:
            try:
                return self._render(prompt, language)[1]
            except AftercallError as error:
                return error.message
            except OSError as error:
                return f"{self.sounds_dir}: {error.strerror or type(error).__name__}"

        # a voice of our own takes a processor, another's only time
        at_once = 4 if self.voice is not self.local else min(4, os.cpu_count() or 1)
        with ThreadPoolExecutor(at_once) as pool:
            made = list(pool.map(make, different))
        faults = [*self._faults.values(), *(each for each in made if isinstance(each, str))]
        return Prepared(made.count(True), made.count(False), list(dict.fromkeys(faults)))

    def _render(self, prompt: Prompt, language: str) -> tuple[Path, bool]:
        spoken_in = prompt.language or language
        stamp = self._stamp(prompt.id, spoken_in)
        path, made = self._first(self._ways(prompt, spoken_in))
        return self._remember(prompt, language, path, stamp), made

    def _remember(self, prompt: Prompt, language: str, path: Path, stamp: object) -> Path:
        with self._lock:
            self._files[self._key(prompt, language)] = _Kept(
                path, str(path.with_suffix("")), stamp)
        self.alarms.clear(prompt.id, prompt.language or language)
        return path

    def _key(self, prompt: Prompt, language: str) -> tuple[object, ...]:
        spoken_in = prompt.language or language
        try:
            template = self.template(prompt.id, spoken_in)
        except UnknownPrompt:
            template = ""
        return (prompt.id, spoken_in, template, *sorted(
            (name, str(value)) for name, value in prompt.variables.items()))

    # --- people and voices ---------------------------------------------------------------------

    def _stamp(self, prompt_id: str, language: str) -> object:
        """Changes whenever somebody adds, replaces or removes the recording."""
        try:
            seen = self.recordings.path(prompt_id, language).stat()
        except (OSError, InvalidInput):
            return None
        return seen.st_mtime_ns, seen.st_size, seen.st_ino

    def _ways(self, prompt: Prompt, language: str) -> list[_Way]:
        """How this may be said, the best way first, the local voice last."""
        template = self.template(prompt.id, language)
        ways = [] if fillers(template) - FIXED else self._by_people(
            prompt.id, language, written(template, str(prompt.variables.get("hospital", ""))))
        text, rate = self.text(prompt, language), self._rate(prompt)
        stays = fillers(template) & PRIVATE and self._names_locally
        voices = [self.local]
        if self.voice is not self.local and self.voice.speaks(language) and not stays:
            voices.insert(0, self.voice)
        return ways + [_Way(
            self._sounds.path(language, voice.name, audio.VERSION, str(rate), text),
            lambda voice=voice: audio.telephone_wav(         # type: ignore[misc]
                voice.speak(text, language, rate), prompt.id), voice) for voice in voices]

    def _by_people(self, prompt_id: str, language: str, text: str) -> list[_Way]:
        """A person's recording of this very text, if there is one that can be opened."""
        name = f"{language}/{prompt_id}.wav"
        found = self.recordings.find(prompt_id, language)
        try:
            sound = found.path.read_bytes() if found else b""
        except OSError as error:
            self._tell(name, f"{name}: {error.strerror}")
            return []
        if found is None:
            return []
        if found.text not in ("", text):
            self._tell(name, f"{name}: its text has changed since it was recorded; record it anew")
            return []
        path = self._sounds.path(language, "human", audio.VERSION,
                                 hashlib.sha256(sound).hexdigest())
        return [_Way(path, lambda: audio.telephone_wav(sound, name), None)]

    def _first(self, ways: Sequence[_Way]) -> tuple[Path, bool]:
        """The first way that works, and whether it had to be made; what fails is told once."""
        *others, last = ways
        for way in others:
            try:
                return way.path, self._sounds.keep(way.path, way.make)
            except (VoiceError, BadRecording) as error:
                told = f"{error.message}; the voice on this machine speaks instead" \
                    if way.voice else error.message
                self._tell(way.voice.name if way.voice else error.message, told)
        return last.path, self._sounds.keep(last.path, last.make)

    def _rate(self, prompt: Prompt) -> int:
        slowly = prompt.id.endswith("~keys")
        return round(self.words_per_minute * SLOWLY) if slowly else self.words_per_minute

    def _tell(self, about: str, fault: str) -> None:
        with self._lock:
            known, self._faults[about] = self._faults.get(about), fault
        if known != fault:
            log.warning("a recording or a voice is not used", fault=fault)


def written(template: str, hospital: str) -> str:
    """A text as a person reads it from paper: the hospital's name filled in, all else as it is."""
    whole = template.replace("{hospital}", hospital)
    return whole if "{" in whole.replace("{{", "") else whole.replace("{{", "{").replace("}}", "}")
