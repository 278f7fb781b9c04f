"""Rules: what an answer means for the patient's safety."""

from followup.rules.evaluation import RuleHit, evaluate, worst

__all__ = ["RuleHit", "evaluate", "worst"]
