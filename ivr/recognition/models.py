"""Acoustic models on disk: what is in a folder, and which language has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from followup.errors import InvalidInput


class Engine(StrEnum):
    """The recogniser that a model is for."""

    VOSK = "vosk"
    POCKETSPHINX = "pocketsphinx"

    @property
    def streams(self) -> bool:
        """Whether it hears as sound comes; pocketsphinx is surer, and quick, with the whole."""
        return self is Engine.VOSK


@dataclass(frozen=True)
class Model:
    """A model; ``dictionary`` is pocketsphinx's. ``rate`` is what it was made for, in Hz."""

    engine: Engine
    folder: Path
    dictionary: Path | None = None
    rate: int = 8000


def read_model(folder: Path) -> Model:
    """The model in ``folder``; InvalidInput when there is none that we can use."""
    if (folder / "am" / "final.mdl").is_file() or (folder / "final.mdl").is_file():
        return Model(Engine.VOSK, folder)
    if (folder / "mdef").is_file() and (folder / "feat.params").is_file():
        dictionaries = sorted([*folder.glob("*.dic"), *folder.glob("*.dict"),
                               *folder.parent.glob("*.dict")])
        if not dictionaries:
            dictionaries = [english_dictionary()]
        return Model(Engine.POCKETSPHINX, folder, dictionaries[0], _rate(folder / "feat.params"))
    raise InvalidInput(f"{folder}: no speech model", field="speech.models",
                       expected="the folder of a Vosk model (am/final.mdl) or of a pocketsphinx "
                                "one (mdef, feat.params)")


def english_model() -> Model:
    """The English model that comes with pocketsphinx: made for 16 kHz, so words only."""
    from pocketsphinx import get_model_path
    return read_model(Path(get_model_path("en-us/en-us")))


def english_dictionary() -> Path:
    """The English dictionary that comes with pocketsphinx."""
    from pocketsphinx import get_model_path
    return Path(get_model_path("en-us/cmudict-en-us.dict"))


def model_folders(chosen: Mapping[str, Path], models_dir: Path) -> dict[str, Path]:
    """The folder of each language that has one: chosen, else ``models_dir/<language>``."""
    here = {language: models_dir / language for language in ("zh", "en", "yue")}
    return {**{language: folder for language, folder in here.items() if folder.is_dir()}, **chosen}


def find_models(chosen: Mapping[str, Path], models_dir: Path) -> dict[str, Model]:
    """A model for each language that has one; the English one built in, if there is no other."""
    return {"en": english_model(), **{language: read_model(folder) for language, folder
                                      in model_folders(chosen, models_dir).items()}}


def _rate(params: Path) -> int:
    """16,000 for a model that looks at sound above 4 kHz."""
    words = params.read_text("utf-8", "replace").split()
    highest = float(words[words.index("-upperf") + 1]) if "-upperf" in words else 4000.0
    return 16_000 if highest > 4000 else 8000
