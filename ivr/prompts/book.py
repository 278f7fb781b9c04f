"""From a prompt to a sound file that Asterisk can play, made once and kept.

A file is named by what is in it (voice, language, rate and text, or the bytes of a human
recording), so it is never stale, and any number of processes may share the folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from followup.errors import AftercallError
from followup.log import get_logger
from followup.questionnaires.definition import Questionnaire
from ivr.prompts import audio
from ivr.prompts.errors import BadRecording, UnknownPrompt
from ivr.prompts.prompt import Prompt
from ivr.prompts.speak import fill
from ivr.prompts.texts import catalogue, fillers, questionnaire_texts
from ivr.prompts.voice import EspeakVoice, Voice

log = get_logger(__name__)

SLOWLY = 0.8                     # of the usual rate, where keys are offered slowly
FIXED = frozenset({"hospital"})  # a human recording may stand for a text with these filled in


@dataclass
class Prepared:
    """What came of preparing prompts; ``faults`` are messages for a person to act on."""

    rendered: int = 0
    reused: int = 0
    faults: list[str] = field(default_factory=list)


class PromptBook:
    """Texts, voice and human recordings together. Safe to use from several threads."""

    def __init__(self, sounds_dir: Path, human_dir: Path, voice: Voice,
                 words_per_minute: int = 150) -> None:
        """``sounds_dir`` is ours; ``human_dir`` holds ``<language>/<prompt id>.wav``."""
        self.sounds_dir = sounds_dir
        self.human_dir = human_dir
        self.voice = voice
        self.words_per_minute = words_per_minute
        self._texts: dict[tuple[str, str], str] = {}
        self._files: dict[tuple[object, ...], Path] = {}
        self._faults: dict[str, str] = {}
        self._lock = threading.Lock()

    @classmethod
    def create(cls, sounds_dir: Path, human_dir: Path, espeak: Sequence[str],
               words_per_minute: int = 150) -> PromptBook:
        """A book whose voice is espeak-ng, started by ``espeak``."""
        return cls(sounds_dir, human_dir, EspeakVoice(espeak), words_per_minute)

    def learn(self, questionnaire: Questionnaire) -> None:
        """Know a questionnaire's prompts; needed before any of them is asked for."""
        self._texts.update(questionnaire_texts(questionnaire))

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

    async def file_for(self, prompt: Prompt, language: str = "") -> str:
        """Path without extension for STREAM FILE; made in a thread when it is not there yet.

        ``language`` counts where the prompt names none. Raises UnknownPrompt or VoiceError.
        """
        path = self._files.get(self._key(prompt, language))
        if path is None:
            path = await asyncio.to_thread(self.render, prompt, language)
        return str(path.with_suffix(""))

    def render(self, prompt: Prompt, language: str = "") -> Path:
        """The sound file of a prompt, made when it is not there yet. Blocking."""
        return self._render(prompt, language)[0]

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

        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            made = list(pool.map(make, different))
        faults = [*self._faults.values(), *(each for each in made if isinstance(each, str))]
        return Prepared(made.count(True), made.count(False), list(dict.fromkeys(faults)))

    @staticmethod
    def _key(prompt: Prompt, language: str) -> tuple[object, ...]:
        return (prompt.id, prompt.language or language, *sorted(
            (name, str(value)) for name, value in prompt.variables.items()))

    def _render(self, prompt: Prompt, language: str) -> tuple[Path, bool]:
        spoken_in = prompt.language or language
        path, made = self._human(prompt.id, spoken_in) or self._spoken(prompt, spoken_in)
        with self._lock:
            self._files[self._key(prompt, language)] = path
        return path, made

    def _human(self, prompt_id: str, language: str) -> tuple[Path, bool] | None:
        """A person's recording of the prompt, or None; a bad one is told, and not used."""
        if fillers(self.template(prompt_id, language)) - FIXED:
            return None
        file = self.human_dir / language / f"{prompt_id}.wav"
        name = f"{language}/{prompt_id}.wav"
        try:
            sound = file.read_bytes()
            path = self._path(language, "human", audio.VERSION, hashlib.sha256(sound).hexdigest())
            return path, self._keep(path, lambda: audio.telephone_wav(sound, name))
        except FileNotFoundError:
            return None
        except (OSError, BadRecording) as error:
            told = error.message if isinstance(error, BadRecording) else f"{name}: {error.strerror}"
            if self._faults.get(name) != told:
                self._faults[name] = told
                log.warning("human recording not used", recording=name, fault=told)
            return None

    def _spoken(self, prompt: Prompt, language: str) -> tuple[Path, bool]:
        text = self.text(prompt, language)
        rate = self.words_per_minute
        if prompt.id.endswith("~keys"):
            rate = round(rate * SLOWLY)
        path = self._path(language, self.voice.name, audio.VERSION, str(rate), text)
        return path, self._keep(path, lambda: audio.telephone_wav(
            self.voice.speak(text, language, rate), prompt.id))

    def _path(self, language: str, *content: str) -> Path:
        digest = hashlib.sha256("\0".join((language, *content)).encode()).hexdigest()
        return self.sounds_dir / language / f"{digest[:32]}.wav"

    @staticmethod
    def _keep(path: Path, make: Callable[[], bytes]) -> bool:
        """Whether the file had to be made; it appears whole or not at all."""
        if path.exists():
            return False
        sound = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(sound)
            Path(part).chmod(0o644)      # Asterisk may run as another user
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return True
