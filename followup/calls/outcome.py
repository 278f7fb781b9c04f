"""The disposition of an attempt, from what the wire and the conversation tell. Pure."""

from __future__ import annotations

from followup.calls.models import Disposition

# Q.850 causes of a call that was never answered. 16 is our own cancel when ringing is over.
UNANSWERED = {
    1: Disposition.INVALID_NUMBER, 2: Disposition.INVALID_NUMBER, 3: Disposition.INVALID_NUMBER,
    22: Disposition.INVALID_NUMBER, 28: Disposition.INVALID_NUMBER,
    16: Disposition.NO_ANSWER, 17: Disposition.BUSY, 18: Disposition.NO_ANSWER,
    19: Disposition.NO_ANSWER, 20: Disposition.NO_ANSWER, 21: Disposition.REJECTED,
    27: Disposition.CONGESTION, 31: Disposition.CONGESTION, 34: Disposition.CONGESTION,
    38: Disposition.CONGESTION, 41: Disposition.CONGESTION, 42: Disposition.CONGESTION,
    44: Disposition.CONGESTION, 58: Disposition.CONGESTION, 127: Disposition.CONGESTION,
}


def settle(*, answered: bool, outcome: Disposition | None, cause: int | None,
           sip_code: int | None = None, rang: bool = True) -> Disposition:
    """How an attempt whose channel is gone has ended.

    ``outcome`` is what the conversation wrote while it lived; an answered call without one
    broke on our side. ``cause`` is the Q.850 hang-up cause. A time-out (SIP 408) of a call
    that never rang is the gateway's silence, not the patient's.
    """
    if answered or outcome is not None:
        return outcome or Disposition.FAILED
    if sip_code == 408 and not rang:
        return Disposition.CONGESTION
    return UNANSWERED.get(cause or 0, Disposition.CONGESTION)
