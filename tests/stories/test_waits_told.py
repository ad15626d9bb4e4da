"""What waiting customers are told of how long it takes, over nights and dates. routing.md, "Waiting customers"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile, Calendar, Entity, Limits, Opening
from standardiste.common.events.model import Channel, ProfileId
from standardiste.common.testing.builders import queue

ONE_AT_A_TIME = AgentProfile(id=ProfileId("main"), change_set=1, cap={Channel.CHAT: 1})
PAUSED = Calendar(
    id="paused",
    change_set=1,
    zone="UTC",
    openings=(
        Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="00:00", closes="22:20"),
        Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="23:00", closes="24:00"),
    ),
)
"""Closed from the 400th second of a story to the 2,800th."""


def busy(*more: Entity, waiting: int = 9) -> Story:
    """Anna takes a chat every 20 s, the last at 135 s; so many wait at first."""
    made = Story(ONE_AT_A_TIME, *more)
    made.line(0.0, "the floor: anna")
    for number in range(1, waiting + 1):
        made.line(0.1 * number, f"c{number} by chat, c{number} is cu{number}")
    for number in range(1, 8):
        made.line(20.0 * number - 5, f"anna accepts c{number}")
        made.line(20.0 * number, f"anna completes c{number}, anna ends c{number}")
    return made


def test_a_pause_of_the_calendar_is_no_gap_and_a_closed_queue_promises_nothing() -> None:
    busy(PAUSED, queue("main", calendar="paused")).run("""
         141.0 | anna declines c8, anna chooses break             | declined c8-o1 anna; queued c8 declined; done; offer c9-o1 anna 30s;
               |                                                  | status anna break chosen; withdrawn c9-o1 anna agent_unavailable;
               |                                                  | queued c9 withdrawn; done; anna not_ready 0
         401.0 | d1 by chat, d1 is cu11                           | position c8 1; > position 1; position c9 2; > position 2; created d1; routed d1 main;
               |                                                  | said d1; identified d1 cu11; queued d1 identified; position d1 3; > position 3
        2800.0 | anna chooses ready, anna accepts c8              | status anna ready chosen; idle anna; done; offer c8-o2 anna 30s; anna offered 33;
               |                                                  | accepted c8-o2 anna; told 15s to 50s, waited 2679.2s; active c8 anna; > here is anna;
               |                                                  | done; anna busy 33
        2801.0 | d2 by chat, d2 is cu12                           | created d2; routed d2 main; said d2; identified d2 cu12; queued d2 identified;
               |                                                  | position d2 3, 55s to 110s; > position 3, 55s to 110s; position d1 2, 35s to 80s;
               |                                                  | > position 2, 35s to 80s
        2802.0 | anna completes c8, anna ends c8, anna accepts c9 | wrapping c8; done; anna wrapping 33; closed c8 handled; > ended; idle anna; done;
               |                                                  | offer c9-o2 anna 30s; anna offered 33; accepted c9-o2 anna;
               |                                                  | told 35s to 80s, waited 2681.1s; active c9 anna; > here is anna; done; anna busy 33
        2803.0 | d3 by chat, d3 is cu13                           | created d3; routed d3 main; said d3; identified d3 cu13; queued d3 identified;
               |                                                  | position d3 3, 50s to 95s; > position 3, 50s to 95s
    """)


def test_a_night_with_nobody_there_counts_as_a_long_gap_and_no_more() -> None:
    busy().run("""
         141.0 | anna declines c8, anna chooses break             | declined c8-o1 anna; queued c8 declined; done; offer c9-o1 anna 30s;
               |                                                  | status anna break chosen; withdrawn c9-o1 anna agent_unavailable;
               |                                                  | queued c9 withdrawn; done; anna not_ready 0
       36000.0 | anna chooses ready, anna accepts c8              | position c8 1; > position 1; position c9 2; > position 2; status anna ready chosen;
               |                                                  | idle anna; done; offer c8-o2 anna 30s; anna offered 33; accepted c8-o2 anna;
               |                                                  | told 15s to 50s, waited 35879.2s; active c8 anna; > here is anna; done; anna busy 33
       36001.0 | anna completes c8, anna ends c8, anna accepts c9 | wrapping c8; done; anna wrapping 33; closed c8 handled; > ended; idle anna; done;
               |                                                  | offer c9-o2 anna 30s; anna offered 33; accepted c9-o2 anna;
               |                                                  | told 35s to 80s, waited 35880.1s; active c9 anna; > here is anna; done; anna busy 33
       36002.0 | d1 by chat, d1 is cu11                           | created d1; routed d1 main; said d1; identified d1 cu11; queued d1 identified;
               |                                                  | position d1 1, 50s to 150s; > position 1, 50s to 150s
    """)


def test_who_waits_for_a_date_is_no_one_who_waits_and_makes_no_queue_too_long() -> None:
    made = Story(ONE_AT_A_TIME, queue("main", limits=Limits(length_max=1, action="close")))
    made.line(0.0, "the floor: anna")
    made.line(1.0, "v1 by voice, v1 is cu1, anna accepts v1")
    made.line(2.0, "media of v1 connects, anna will call v1 back at 90000")
    for number in range(1, 8):
        made.line(100.0 * number, f"c{number} by chat, c{number} is cu{number}, anna accepts c{number}")
        made.line(100.0 * number + 10, f"anna completes c{number}, anna ends c{number}")
    made.run("""
         900.0 | d1 by chat, d1 is cu11, anna accepts d1 | created d1; routed d1 main; said d1; identified d1 cu11; queued d1 identified;
               |                                         | offer d1-o1 anna 30s; anna offered 33; accepted d1-o1 anna; active d1 anna; > here is anna;
               |                                         | done; anna busy 33
         901.0 | d2 by chat, d2 is cu12                  | created d2; routed d2 main; said d2; identified d2 cu12; queued d2 identified; position d2 1;
               |                                         | > position 1
         902.0 | d3 by chat, d3 is cu13                  | created d3; routed d3 main; said d3; identified d3 cu13; queued d3 identified;
               |                                         | overflowed d3 length close; > notice overflow.length; closed d3 overflowed; > ended
    """)


def test_who_was_talked_to_waits_anew_for_a_limit_of_age_and_keeps_his_age_in_the_order() -> None:
    Story(queue("main"), queue("two", limits=Limits(age_max_ms=10_000, action="close"))).run("""
           0.0 | the floor: anna                                   |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1            | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                                   | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                                   | > here is anna; done; anna busy 33
          31.0 | anna chooses away, anna transfers c1 to queue two | status anna ready then away chosen; done; anna busy 33; transferred c1;
               |                                                   | disowned c1 transferred; idle anna; status anna away work_ended;
               |                                                   | routed c1 two by transfer; queued c1 transferred; done; position c1 1; > position 1;
               |                                                   | anna not_ready 0
          40.9 |                                                   |
          41.0 |                                                   | overflowed c1 age close; > notice overflow.age; closed c1 overflowed; > ended
    """)
