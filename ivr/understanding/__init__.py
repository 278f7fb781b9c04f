"""What a patient's words mean: pure, from recognised text to an answer or a wish.

``understand`` reads words at an item; ``grammar_for`` lists what it would understand, for a
recogniser. The words themselves are in ``words/<language>.toml``.
"""

from ivr.understanding.clauses import understand
from ivr.understanding.distinct import is_distinct, is_risky
from ivr.understanding.grammar import Grammar
from ivr.understanding.meaning import Answered, Meaning, Unclear, Wish, Wished
from ivr.understanding.naming import ANOTHER, introduced
from ivr.understanding.phrases import beside, confirmation_grammar, grammar_for, make_some
from ivr.understanding.polarity import confirmation, nothing_more
from ivr.understanding.reading import unchanged, wish
from ivr.understanding.time_phrases import make_some_times, when_grammar
from ivr.understanding.times import When, when

__all__ = ["ANOTHER", "Answered", "Grammar", "Meaning", "Unclear", "When", "Wish", "Wished",
           "beside", "confirmation", "confirmation_grammar", "grammar_for", "introduced",
           "is_distinct", "is_risky", "make_some",
           "make_some_times", "nothing_more", "unchanged", "understand",
           "when", "when_grammar", "wish"]
