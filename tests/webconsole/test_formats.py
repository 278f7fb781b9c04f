"""How values look on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from followup.responses.models import Answer
from webconsole.formats import by_question

BEGAN = datetime(2026, 11, 29, 8, tzinfo=UTC)


def answer(link_id: str, minute: int, position: int = 0) -> Answer:
    return Answer(link_id=link_id, position=position, given_at=BEGAN + timedelta(minutes=minute))


def test_several_answers_to_one_question_stand_together_in_their_order() -> None:
    shown = by_question([answer("pain", 2), answer("sugar", 5, 1), answer("sugar", 1),
                         answer("sugar", 5, 2), answer("voice", 3)])
    assert [(each.link_id, each.position) for each in shown] == [
        ("sugar", 0), ("sugar", 1), ("sugar", 2), ("pain", 0), ("voice", 0)]
