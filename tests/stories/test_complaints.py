"""One story for each complaint of today's systems' users that the router was built against. Each says the complaint in its name."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import Channel, ProfileId
from standardiste.common.testing.builders import queue

ONE_CHAT = AgentProfile(id=ProfileId("main"), change_set=1, cap={Channel.CHAT: 1})


def test_complaint_1_a_waiting_chat_not_pulled_when_capacity_frees() -> None:
    Story(ONE_CHAT).run("""
            0.0 | the floor: anna                        |
            1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
                |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna; > here is anna; done;
                |                                        | anna busy 33
            2.0 | c2 by chat, c2 is cu2                  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified; position c2 1;
                |                                        | > position 1
            3.0 | anna completes c1                      | wrapping c1; done; anna wrapping 33
            4.0 | anna ends c1                           | closed c1 handled; > ended; idle anna; done; offer c2-o1 anna 30s; anna offered 33
    """)


def test_complaint_2_work_stuck_on_an_agent_who_left() -> None:
    Story().run("""
            0.0 | the floor: anna                        |
            1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
                |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna; > here is anna; done;
                |                                        | anna busy 33
            2.0 | anna closes                            | session s-anna lost
           12.0 |                                        | session s-anna ended lost; status anna away lost; anna offline 33
           20.0 | the floor: ben                         |
           72.0 |                                        | disowned c1 agent_lost; idle anna; queued c1 agent_lost; > notice agent_lost.requeued;
                |                                        | offer c1-o2 ben 30s; anna offline 0; ben offered 33
    """)


def test_complaint_3_caps_overrun_by_simultaneous_arrivals() -> None:
    Story(ONE_CHAT).run("""
            0.0 | the floor: anna                                                     |
            1.0 | c1 by chat, c2 by chat, c3 by chat, c1 is cu1, c2 is cu2, c3 is cu3 | created c1; routed c1 main; said c1; created c2; routed c2 main;
                |                                                                     | said c2; created c3; routed c3 main; said c3; identified c1 cu1;
                |                                                                     | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
                |                                                                     | identified c2 cu2; queued c2 identified; position c2 1;
                |                                                                     | > position 1; identified c3 cu3; queued c3 identified;
                |                                                                     | position c3 2; > position 2
            2.0 | anna accepts c1, anna accepts c2                                    | accepted c1-o1 anna; active c1 anna; > here is anna; done;
                |                                                                     | anna busy 33; no: offer_ended
            3.0 | anna pulls c2                                                       | no: over_capacity
    """)


def test_complaint_4_two_owners() -> None:
    Story(queue("main", broadcast_to=2)).run("""
            0.0 | the floor: anna ben                       |
            1.0 | m1 by email, m1 is cu1                    | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
                |                                           | offer m1-o1 anna 120s; offer m1-o2 ben 120s; anna offered 20; ben offered 20
            2.0 | anna accepts m1-o1, ben accepts m1-o2     | accepted m1-o1 anna; withdrawn m1-o2 ben superseded; active m1 anna; done; anna busy 20;
                |                                           | ben ready 0; no: already_owned
            2.0 | ben pulls m1                              | no: already_owned
            3.0 | anna signs in as s-two, anna completes m1 | session s-anna ended superseded; session s-two; anna busy 20; snapshot 1+0; closed m1 handled;
                |                                           | idle anna; done; anna ready 0
    """)


def test_complaint_5_presence_that_flaps() -> None:
    Story().run("""
            0.0 | the floor: anna ben                               |
            1.0 | c1 by chat, c1 is cu1                             | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
                |                                                   | offer c1-o1 anna 30s; anna offered 33
            2.0 | anna closes, anna signs in as s-anna, anna closes | session s-anna lost; session s-anna back; snapshot 0+1; session s-anna lost
            3.0 | anna signs in as s-anna at g2, anna accepts c1    | session s-anna back; snapshot 0+1; accepted c1-o1 anna; active c1 anna;
                |                                                   | > here is anna; done; anna busy 33
           60.0 |                                                   |
    """)


def test_complaint_6_an_offer_that_outlives_its_agent() -> None:
    Story().run("""
            0.0 | the floor: anna       |
            1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified; offer c1-o1 anna 30s;
                |                       | anna offered 33
            2.0 | anna signs out        | session s-anna ended signed_out; withdrawn c1-o1 anna agent_unavailable; queued c1 withdrawn;
                |                       | status anna away signed_out; position c1 1; > position 1; anna offline 0
            3.0 | anna signs in         | session s-anna; idle anna; anna not_ready 0; snapshot 0+0
            4.0 | anna accepts c1-o1    | no: offer_ended
    """)


def test_complaint_7_missed_declined_and_failed_that_cannot_be_told_apart() -> None:
    Story().run("""
            0.0 | the floor: anna                          |
            1.0 | v1 by voice, v1 is cu1, anna declines v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
                |                                          | offer v1-o1 anna 20s; anna offered 100; declined v1-o1 anna; queued v1 declined; done;
                |                                          | anna ready 0
           11.0 |                                          | offer v1-o2 anna 20s; anna offered 100
           12.0 | anna accepts v1, media of v1 fails       | accepted v1-o2 anna; connecting v1 anna; > connect anna; done; anna busy 100;
                |                                          | media failed v1-o2 anna; disowned v1 media_failed; queued v1 media_failed; > music main;
                |                                          | anna ready 0
           22.0 |                                          | offer v1-o3 anna 20s; anna offered 100
           43.0 |                                          | expired v1-o3 anna 1; queued v1 expired; status anna away missed; anna not_ready 0
    """)


def test_complaint_8_a_caller_who_left_still_being_offered() -> None:
    Story().run("""
            0.0 | the floor: anna        |
            1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified; offer v1-o1 anna 20s;
                |                        | anna offered 100
            8.0 | v1 hangs up            | withdrawn v1-o1 anna customer_left; closed v1 abandoned; anna ready 0
            9.0 | anna accepts v1-o1     | no: offer_ended
    """)


def test_complaint_8_a_customer_who_left_still_being_offered_to_a_colleague() -> None:
    Story().run("""
             0.0 | the floor: anna ben                    |
             1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
                 |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
                 |                                        | > here is anna; done; anna busy 33
             2.0 | anna transfers c1 to agent ben         | transfer asked c1; offer c1-o2 ben 30s transfer; done; ben offered 33
             3.0 | c1 says goodbye, ben accepts c1-o2     | left c1; withdrawn c1-o2 ben customer_left; transfer over c1 customer_left; ben ready 0;
                 |                                        | no: already_owned
             4.0 | anna completes c1, anna ends c1        | wrapping c1; done; anna wrapping 33; closed c1 handled; > ended; idle anna; done;
                 |                                        | anna ready 0
             5.0 | c2 by chat, c2 is cu2, ben accepts c2  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
                 |                                        | offer c2-o1 ben 30s; ben offered 33; accepted c2-o1 ben; active c2 ben; > here is ben;
                 |                                        | done; ben busy 33
             6.0 | ben consults agent anna about c2       | consulting c2; offer c2-o2 anna 30s consult; done; anna offered 33
             7.0 | c2 says goodbye, anna accepts c2-o2    | left c2; withdrawn c2-o2 anna superseded; consult over c2 customer_left; anna ready 0;
                 |                                        | no: already_owned
    """)


def test_complaint_9_a_returned_interaction_that_lost_its_age() -> None:
    Story().run("""
            0.0 | v1 by voice, v1 is cu1                | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
            1.0 | v2 by voice, v2 is cu2                | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified
            2.0 | the floor: anna, anna declines v1     | offer v1-o1 anna 20s; declined v1-o1 anna; queued v1 declined; done; offer v2-o1 anna 20s
            3.0 | anna accepts v2, media of v2 fails    | accepted v2-o1 anna; connecting v2 anna; > connect anna; done; anna busy 100;
                |                                       | media failed v2-o1 anna; disowned v2 media_failed; queued v2 media_failed; > music main;
                |                                       | anna ready 0
           13.0 | anna accepts v1, media of v1 connects | offer v1-o2 anna 20s; anna offered 100; accepted v1-o2 anna; connecting v1 anna; > connect anna;
                |                                       | done; anna busy 100; active v1 anna
           20.0 | anna transfers v1 to queue main       | transferred v1; disowned v1 transferred; idle anna; routed v1 main by transfer;
                |                                       | queued v1 transferred; > release agent; > music main; done; offer v1-o3 anna 20s; anna offered 100
    """)
