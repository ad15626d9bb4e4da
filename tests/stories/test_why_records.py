"""The record that stands in every offer: how many were considered, who was left out by which filter, and how it was ranked. routing.md, "Why"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events import decisions as d
from standardiste.common.events.model import Why
from standardiste.common.testing.builders import needs, person, queue


def offered(story: Story, *messages: str) -> Why:
    """The record of the one offer these messages bring about."""
    [why] = [event.data.why for message in messages for event in story.say(message) if isinstance(event.data, d.OfferMade)]
    return why


def left_out(why: Why) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {each.filter: (each.count, each.ids) for each in why.left_out}


def test_everybody_left_out_is_under_the_filter_that_did_it_by_name() -> None:
    story = Story(
        queue("french", skills=needs(french=2)),
        *(person(name, skills=needs(french=2)) for name in ("anna", "cleo", "dora", "fred")),
        *(person(name, skills=needs(french=1)) for name in ("carl", "emil")),
    )
    story.line(0.0, "the floor: anna carl cleo dora emil fred")
    story.line(1.0, "v1 by voice to french, v1 is cu1, anna accepts v1")
    story.line(2.0, "dora chooses away")
    story.line(3.0, "fred's socket closes")
    why = offered(story, "v2 by voice to french", "v2 is cu2")
    assert (why.considered, why.tie_break, why.ranking) == (1, "", "longest_idle")
    assert left_out(why) == {
        "capacity": (1, ()),
        "session": (1, ("fred",)),
        "skills": (2, ("carl", "emil")),
        "status": (1, ("dora",)),
    }


def test_of_many_twenty_are_named_and_all_are_counted() -> None:
    people = [person(f"p{n:02}", skills=needs(french=1)) for n in range(30)]
    story = Story(queue("german", skills=needs(german=1)), person("anna", skills=needs(german=1)), *people)
    story.line(0.0, "the floor: anna " + " ".join(each.id for each in people))
    why = offered(story, "c1 by chat to german", "c1 is cu1")
    assert left_out(why) == {"skills": (30, tuple(f"p{n:02}" for n in range(20)))}


def test_whom_a_pair_filter_refuses_is_not_considered() -> None:
    story = Story(queue("review", filters=("fresh_eyes",)))
    story.line(0.0, "the floor: anna ben")
    story.line(1.0, "c1 by chat, c1 is cu1, anna accepts c1")
    why = offered(story, "anna transfers c1 to queue review")
    assert (why.considered, left_out(why)) == (1, {"fresh_eyes": (1, ("anna",))})
