"""How well and how fast patients' words are heard, on recordings of people."""

from __future__ import annotations

from typing import Any

from bench.options import Options
from bench.speech.corpus import SPLIT, find_corpus, read_corpus
from bench.speech.measuring import measure_language
from followup.errors import InvalidInput
from ivr.recognition.models import find_models, read_model


async def measure(options: Options) -> dict[str, Any]:
    """Every language that has recordings and a model; only reported speakers are heard."""
    folder = find_corpus(options.audio)
    recordings = [each for each in read_corpus(folder) if each.reported is not options.tuning]
    beside = folder.parent / "models"
    models = find_models({}, options.models_dir or folder)
    for each in sorted(beside.iterdir()) if beside.is_dir() else ():
        language = each.name.split("-")[0]
        if each.is_dir() and language not in models:
            models[language] = read_model(each)
    models |= {language: read_model(chosen) for language, chosen in options.models.items()}
    languages = sorted(models.keys() & {each.language for each in recordings})
    if not languages:
        raise InvalidInput("no language has both recordings and a model", field="model",
                           expected="--model LANGUAGE=FOLDER")
    return {
        "split": SPLIT, "speakers": "for tuning" if options.tuning else "reported",
        "quick": options.quick,
        "languages": {language: await measure_language(
            language, models[language],
            [each for each in recordings if each.language == language],
            [each for each in recordings if each.language != language], options.quick)
            for language in languages}}
