"""What a queue does at its close, and when it is too long or its waiting too old. routing.md, "Waiting customers"."""

from __future__ import annotations

import pytest
from stories.story import Story

from standardiste.common.events.directory import AtClose, Calendar, Limits, Opening
from standardiste.common.events.model import QueueId
from standardiste.common.testing.builders import queue

HOURS = Calendar(
    id="day",
    change_set=1,
    zone="Europe/Paris",
    openings=(Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="08:00", closes="23:14"),),
)
"""The story begins at 23:13:20 in Paris, so it closes at 40 s."""


MONDAYS = Calendar(id="mondays", change_set=1, zone="Europe/Paris", openings=(Opening(weekdays=(1,), opens="08:00", closes="18:00"),))
"""The story is of a Tuesday."""


def closing(action: str) -> Story:
    at_close = AtClose(action=action, to_queue=QueueId("night"))  # type: ignore[arg-type]  # one of its words
    return Story(HOURS, queue("main", calendar="day", at_close=at_close), queue("night"))


def test_those_who_wait_at_the_close_wait_for_the_opening_unless_the_queue_says_otherwise() -> None:
    closing("none").run("""
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
          41.0 | the floor: anna        |
    """)


def test_another_queue_takes_those_who_wait_at_the_close_and_those_who_come_after() -> None:
    closing("queue").run("""
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
          40.0 |                        | overflowed v1 closed queue; routed v1 night by overflow; queued v1 overflowed
          50.0 | v2 by voice, v2 is cu2 | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified;
               |                        | overflowed v2 closed queue; routed v2 night by overflow; queued v2 overflowed
          60.0 | the floor: anna        | offer v1-o1 anna 20s
    """)


def test_callers_are_called_back_and_others_wait() -> None:
    closing("callback").run("""
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           2.0 | m1 by email, m1 is cu2 | created m1; routed m1 main; said m1; identified m1 cu2; queued m1 identified
          40.0 |                        | overflowed v1 closed callback; > notice queue.closed; callback v1; > release all
          41.0 | v1 hangs up            |
    """)


def test_callers_are_asked_for_a_voicemail() -> None:
    closing("voicemail").run("""
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
          40.0 |                        | overflowed v1 closed voicemail; > take voicemail
          41.0 | v1 leaves a voicemail  | voicemail v1
    """)


def test_a_word_and_they_wait_on() -> None:
    closing("message").run("""
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | position c1 1; > position 1
          40.0 |                       | overflowed c1 closed message; > notice queue.closed
    """)


def test_a_word_and_the_end() -> None:
    closing("close").run("""
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
          40.0 |                        | overflowed v1 closed close; > notice queue.closed; > release all;
               |                        | closed v1 overflowed
    """)


def test_queues_that_point_at_each_other_end_somewhere() -> None:
    there = queue("main", calendar="day", at_close=AtClose(action="queue", to_queue=QueueId("night")))
    back = queue("night", calendar="day", at_close=AtClose(action="queue", to_queue=QueueId("main")))
    story = Story(HOURS, there, back)
    story.line(1.0, "v1 by voice, v1 is cu1")
    went = story.line(40.0, "")
    assert sum(each.startswith("overflowed") for each in went) == 5


@pytest.mark.parametrize(
    ("action", "channel", "expected"),
    [
        ("queue", "voice", "queued c2 overflowed"),
        ("callback", "voice", "callback c2"),
        ("voicemail", "voice", "> take voicemail"),
        ("message", "chat", "> notice overflow.length"),
        ("close", "voice", "closed c2 overflowed"),
    ],
)
def test_a_queue_that_is_too_long(action: str, channel: str, expected: str) -> None:
    limits = Limits(length_max=1, action=action, to_queue=QueueId("night"))  # type: ignore[arg-type]  # one of its words
    story = Story(queue("main", limits=limits), queue("night"))
    story.line(1.0, f"c1 by {channel}, c1 is cu1")
    assert expected in story.line(2.0, f"c2 by {channel}, c2 is cu2")


def test_a_queue_is_not_too_long_for_whom_an_agent_can_take_at_once() -> None:
    Story(queue("main", limits=Limits(length_max=1, action="close"))).run("""
             0.0 | the floor: anna ben             |
             1.0 | v1 by voice, v1 is cu1          | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
                 |                                 | offer v1-o1 anna 20s; anna offered 100
             2.0 | v2 by voice, v2 is cu2          | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified;
                 |                                 | offer v2-o1 ben 20s; ben offered 100
             3.0 | v3 by voice, v3 is cu3          | created v3; routed v3 main; said v3; identified v3 cu3; queued v3 identified;
                 |                                 | overflowed v3 length close; > notice overflow.length; > release all; closed v3 overflowed
             4.0 | anna accepts v1, ben accepts v2 | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100;
                 |                                 | accepted v2-o1 ben; connecting v2 ben; > connect ben; done; ben busy 100
             5.0 | v4 by voice, v4 is cu4          | created v4; routed v4 main; said v4; identified v4 cu4; queued v4 identified
             6.0 | v5 by voice, v5 is cu5          | created v5; routed v5 main; said v5; identified v5 cu5; queued v5 identified;
                 |                                 | overflowed v5 length close; > notice overflow.length; > release all; closed v5 overflowed
    """)


@pytest.mark.parametrize(
    ("action", "channel", "expected"),
    [
        ("queue", "voice", "queued c1 overflowed"),
        ("callback", "voice", "callback c1"),
        ("voicemail", "voice", "> take voicemail"),
        ("message", "chat", "> notice overflow.age"),
        ("close", "voice", "closed c1 overflowed"),
    ],
)
def test_waiting_that_is_too_old(action: str, channel: str, expected: str) -> None:
    limits = Limits(age_max_ms=30_000, action=action, to_queue=QueueId("night"))  # type: ignore[arg-type]  # one of its words
    story = Story(queue("main", limits=limits), queue("night"))
    story.line(1.0, f"c1 by {channel}, c1 is cu1")
    assert expected in story.line(31.0, "")


def test_who_is_handed_on_to_a_closed_queue_has_come_while_it_is_closed() -> None:
    shut = queue("shut", calendar="mondays", at_close=AtClose(action="voicemail"))
    Story(MONDAYS, shut).run("""
           0.0 | the floor: anna                                               |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1, media of v1 connects | created v1; routed v1 main; said v1; identified v1 cu1;
               |                                                               | queued v1 identified; offer v1-o1 anna 20s; anna offered 100;
               |                                                               | accepted v1-o1 anna; connecting v1 anna; > connect anna; done;
               |                                                               | anna busy 100; active v1 anna
           2.0 | anna transfers v1 to queue shut                               | transferred v1; disowned v1 transferred; idle anna;
               |                                                               | routed v1 shut by transfer; queued v1 transferred; > release agent;
               |                                                               | > music shut; overflowed v1 closed voicemail; > take voicemail; done;
               |                                                               | anna ready 0
           3.0 | c1 by chat, c1 is cu2, anna accepts c1                        | created c1; routed c1 main; said c1; identified c1 cu2;
               |                                                               | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                                               | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
           4.0 | anna transfers c1 to queue shut                               | transferred c1; disowned c1 transferred; idle anna;
               |                                                               | routed c1 shut by transfer; queued c1 transferred; done; position c1 2;
               |                                                               | > position 2; anna ready 0
           5.0 | m1 by email, m1 is cu3, anna accepts m1                       | created m1; routed m1 main; said m1; identified m1 cu3;
               |                                                               | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                                               | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           6.0 | anna transfers m1 to queue shut                               | transferred m1; disowned m1 transferred; idle anna;
               |                                                               | routed m1 shut by transfer; queued m1 transferred; done; anna ready 0
    """)


def test_who_is_put_back_into_a_queue_that_has_closed_meanwhile_has_come_while_it_is_closed() -> None:
    Story(MONDAYS, shut=(queue("main", calendar="mondays", at_close=AtClose(action="callback")),)).run("""
           0.0 | the floor: anna                                               |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1, media of v1 connects | created v1; routed v1 main; said v1; identified v1 cu1;
               |                                                               | queued v1 identified; offer v1-o1 anna 20s; anna offered 100;
               |                                                               | accepted v1-o1 anna; connecting v1 anna; > connect anna; done;
               |                                                               | anna busy 100; active v1 anna
           2.0 | the set shut                                                  | applied 2
           3.0 | anna signs out                                                | session s-anna ended signed_out; status anna away signed_out;
               |                                                               | anna offline 100
           3.0 | media of v1 ends for the agent                                | disowned v1 agent_lost; idle anna; queued v1 agent_lost;
               |                                                               | > release agent; > music main; overflowed v1 closed callback;
               |                                                               | > notice queue.closed; callback v1; > release all; anna offline 0
    """)
