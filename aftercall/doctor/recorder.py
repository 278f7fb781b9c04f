"""Check of the recorder: it runs beside Asterisk, and may see the packets of calls.

Where it does not, Asterisk records: that costs more, and loses nothing.
"""

from __future__ import annotations

from aftercall.doctor.result import Check, Result, ok, warn
from followup.settings import Settings
from recordings.recorder.standing import Standing, look

NAME = "recorder"
_START = ("start it on Asterisk's machine: `aftercall up`, or the service `aftercall role "
          "recorder`; Asterisk records the calls meanwhile, at more cost, or for good with "
          '[recordings] capture = "asterisk"')
_LET_IT_SEE = ("give it the right CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW in its systemd "
               "unit, cap_add in compose (not setcap: that would be every Python's); Asterisk "
               'records the calls meanwhile, at more cost, or for good with [recordings] '
               'capture = "asterisk"')


def recorder_checks(settings: Settings) -> list[Check]:
    """Of this machine's recorder."""
    return [Check(NAME, lambda: _recorder(settings), _START)]


async def _recorder(settings: Settings) -> Result:
    if settings.recordings.capture == "asterisk":
        return ok(NAME, "none, by the settings: Asterisk records the calls")
    try:
        standing = await look(settings.recorder_socket)
    except (FileNotFoundError, ConnectionError):
        return warn(NAME, "not running", _START)
    except OSError as error:
        return warn(NAME, f"cannot be asked: {error.strerror or error}", _START)
    return judge(standing)


def judge(standing: Standing) -> Result:
    """What its standing means."""
    seen = f"running; {standing.calls} call(s) are being recorded"
    if standing.blind:
        return warn(NAME, f"{seen}; {standing.blind}", _LET_IT_SEE)
    return ok(NAME, seen)
