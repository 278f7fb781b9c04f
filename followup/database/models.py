"""Imports every module that holds tables, so that ``Base.metadata`` is whole."""

from followup.agents import models as agents
from followup.alarms import models as alarms
from followup.alerts import models as alerts
from followup.calls import models as calls
from followup.campaigns import decisions, preview, tally
from followup.campaigns import models as campaigns
from followup.cases import calls as case_calls
from followup.cases import models as cases
from followup.cases import setup_models as case_setup
from followup.messages import models as messages
from followup.patients import models as patients
from followup.people import models as people
from followup.people import saved_views
from followup.questionnaires import models as questionnaires
from followup.recordings import models as recordings
from followup.recordings import tally as recording_tally
from followup.responses import models as responses
from followup.spotchecks import models as spotchecks

__all__ = ["agents", "alarms", "alerts", "calls", "campaigns", "case_calls", "case_setup", "cases",
           "decisions", "messages", "patients", "people", "preview", "questionnaires",
           "recording_tally", "recordings", "responses", "saved_views", "spotchecks", "tally"]
