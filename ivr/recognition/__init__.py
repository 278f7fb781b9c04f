"""Speech to text: recognisers behind one protocol, and the ear that ends an utterance."""

from ivr.recognition.ear import RecognisingHearing
from ivr.recognition.endpoint import Patience
from ivr.recognition.models import find_models
from ivr.recognition.workers import WorkerRecogniser

__all__ = ["Patience", "RecognisingHearing", "WorkerRecogniser", "find_models"]
