"""Going back to put an answer right."""

from __future__ import annotations

from followup.questionnaires.definition import Item
from followup.questionnaires.values import each
from ivr.conversation import flow, wording
from ivr.conversation.actions import Mark
from ivr.conversation.changes import replace
from ivr.conversation.flow import Step
from ivr.conversation.state import Phase, State

MAX_BACKS = 8                # in one call


def back(state: State) -> Step:
    """Ask the question before again; its answer stands until another one is given.

    Asked whether there is more to add, it is the answer just given that is asked for again.
    """
    more = state.phase is Phase.MORE
    if state.backs >= MAX_BACKS or not (more or state.history):
        return _no_further(state) if more else flow.repeat(state)
    state = replace(state, backs=state.backs + 1)
    if more:
        return _redo(state, flow.current(state))
    item = state.questionnaire.item(state.history[-1])
    state = replace(flow.leave_item(state), history=state.history[:-1],
                    skipped=flow.without(state.skipped, item.link_id))
    if item.repeats and not item.type.has_options and item.link_id in state.answers:
        return _redo(state, item)
    return flow.ask(state, item, (), ())


def _no_further(state: State) -> Step:
    """They have gone back often enough: asked once more, then what was given stands."""
    if state.repeats >= flow.MAX_REPEATS:
        return flow.done(state)
    return flow.any_more(replace(state, repeats=state.repeats + 1))


def _redo(state: State, item: Item) -> Step:
    """Ask for the last of several numbers, dates or messages again; the others are kept."""
    state = replace(flow.leave_item(state), link_id=item.link_id, adding=True, redoing=True)
    mark = Mark("question", item.link_id, item.text.get(state.language, ""))
    lead = (wording.prompt(state, "last-again"),) if len(each(state.answers[item.link_id])) > 1 \
        else ()
    return flow.say_and_wait(state, (*lead, *wording.question(state, item)), (mark,))
