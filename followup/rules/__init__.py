"""Rules: what an answer means for the patient's safety."""

from followup.rules.evaluation import (
    RuleHit,
    evaluate,
    evaluate_scores,
    findings,
    joined,
    told_with,
    worst,
)

__all__ = ["RuleHit", "evaluate", "evaluate_scores", "findings", "joined", "told_with", "worst"]
