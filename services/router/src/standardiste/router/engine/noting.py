"""
What is said to a customer by nobody at work on it: an acknowledgement that a rule asks for, and what a colleague wrote from outside.

An acknowledgement goes out through the live interaction, like any message; when there is none any more, it would say nothing. What was said outside has
gone out already: it is told, so that desks and the timeline show it.
"""

from __future__ import annotations

from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.model import Audience
from standardiste.router.engine.commands import messages
from standardiste.router.engine.step import Step


def noted(step: Step, data: inputs.MessageNoted) -> None:
    """A message by nobody at work: to be sent, or sent already."""
    live = step.live
    present = data.interaction if data.interaction in live.interactions else None
    found = present or min(live.by_conversation.get(data.conversation, ()), default=None)
    if data.is_to_be_sent:
        if found is not None and not step.now(found).has_left:
            messages.say(
                step,
                step.now(found),
                data.message.content,
                Audience.CUSTOMER,
                is_machine_made=True,
                id=data.message.id,
                author=messages.NOBODY,
            )
        return
    told = d.MessageAccepted(interaction=found or data.interaction, conversation=data.conversation, message=data.message)
    if found is not None:
        step.tell(told, step.now(found))
    else:
        step.emit(told, data.interaction)
