"""Which models calls may use: those that can be read and are as they were installed."""

from __future__ import annotations

from dataclasses import dataclass, field

from aftercall.models.manifest import faults, read_manifest
from followup.errors import AftercallError
from followup.settings import Settings
from ivr.recognition.models import Model, english_model, model_folders, read_model


@dataclass
class FitModels:
    """A model for each language that can be heard; why another one that is there cannot be used."""

    models: dict[str, Model] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)


def fit_models(settings: Settings) -> FitModels:
    """Look at every model of the settings, all bytes of it; a language may be left with none.

    A model that is unfit leaves its language to keys: nothing is heard rather than the wrong thing.
    """
    fit = FitModels({"en": english_model()})
    chosen = {str(language): folder for language, folder in settings.speech.models.items()}
    for language, folder in model_folders(chosen, settings.models_dir).items():
        fit.models.pop(language, None)
        try:
            model = read_model(folder)
            manifest = read_manifest(folder)
            wrong = faults(folder, manifest) if manifest else []
        except (AftercallError, OSError) as error:
            fit.unfit[language] = str(error)
            continue
        if wrong:
            fit.unfit[language] = "; ".join(wrong[:3]) + ("; …" if wrong[3:] else "")
        else:
            fit.models[language] = model
    return fit
