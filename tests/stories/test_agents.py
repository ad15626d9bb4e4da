"""Statuses, sessions, gateways, and the work of agents who are lost. routing.md, "Agents"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile, Rest
from standardiste.common.events.model import ProfileId, WrapUpMode
from standardiste.common.testing.builders import queue


def test_a_new_session_begins_not_ready_and_gets_a_snapshot() -> None:
    Story().run("""
           0.0 | anna signs in            | session s-anna; idle anna; anna not_ready 0; snapshot 0+0
           1.0 | anna chooses ready       | status anna ready chosen; idle anna; done; anna ready 0
           2.0 | anna asks for a snapshot | done; snapshot 0+0
           3.0 | anna chooses nonsense    | no: unknown_status
           4.0 | anna signs out           | session s-anna ended signed_out; status anna away signed_out; anna offline 0
    """)


def test_a_status_chosen_during_work_stops_offers_at_once_and_applies_when_work_ends() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna chooses break                     | status anna ready then break chosen; done; anna busy 33
           3.0 | c2 by chat, c2 is cu2                  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                        | position c2 1; > position 1
           4.0 | anna completes c1, anna ends c1        | wrapping c1; done; anna wrapping 33; closed c1 handled; > ended; idle anna;
               |                                        | status anna break work_ended; done; anna not_ready 0
           5.0 | anna chooses ready                     | status anna ready chosen; idle anna; done; offer c2-o1 anna 30s;
               |                                        | anna offered 33
    """)


def test_the_newest_session_wins_and_the_older_is_told() -> None:
    Story().run("""
           0.0 | the floor: anna           |
           1.0 | c1 by chat, c1 is cu1     | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                           | offer c1-o1 anna 30s; anna offered 33
           2.0 | anna signs in as s2       | session s-anna ended superseded; session s2; anna offered 33; snapshot 0+1
           3.0 | anna accepts c1 on s-anna | no: session_superseded
           4.0 | anna accepts c1 on s2     | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
    """)


def test_a_session_that_comes_back_within_ten_seconds_loses_nothing() -> None:
    Story().run("""
           0.0 | the floor: anna ben           |
           1.0 | c1 by chat, c1 is cu1         | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                               | offer c1-o1 anna 30s; anna offered 33
           2.0 | anna closes                   | session s-anna lost
           3.0 | c2 by chat, c2 is cu2         | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                               | offer c2-o1 ben 30s; ben offered 33
           9.0 | anna signs in as s-anna at g2 | session s-anna back; snapshot 0+1
          10.0 | anna accepts c1               | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
          20.0 |                               |
    """)


def test_presence_that_flaps_moves_no_work() -> None:
    """Others' users complain of presence that flaps: a socket that comes and goes is one session."""
    Story().run("""
           0.0 | the floor: anna                            |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1     | created c1; routed c1 main; said c1; identified c1 cu1;
               |                                            | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                            | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
           2.0 | anna closes, anna signs in as s-anna       | session s-anna lost; session s-anna back; snapshot 1+0
           3.0 | anna closes, anna signs in as s-anna at g2 | session s-anna lost; session s-anna back; snapshot 1+0
           4.0 | anna closes, anna signs in as s-anna       | session s-anna lost; session s-anna back; snapshot 1+0
          60.0 | anna completes c1                          | wrapping c1; done; anna wrapping 33
    """)


def test_losing_the_session_withdraws_offers_at_the_end_of_its_grace() -> None:
    """Others' users complain of an offer that outlives its agent."""
    Story().run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
           2.0 | anna closes           | session s-anna lost
          12.0 |                       | session s-anna ended lost; withdrawn c1-o1 anna agent_lost; queued c1 withdrawn;
               |                       | status anna away lost; position c1 1; > position 1; anna offline 0
          13.0 | the floor: ben        | offer c1-o2 ben 30s
    """)


def test_chat_of_a_lost_agent_is_queued_again_after_a_minute_at_its_age_with_a_word_to_the_customer() -> None:
    """Others leave work on an agent who left."""
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna closes                            | session s-anna lost
          12.0 |                                        | session s-anna ended lost; status anna away lost; anna offline 33
          13.0 | the floor: ben                         |
          71.9 |                                        |
          72.0 |                                        | disowned c1 agent_lost; idle anna; queued c1 agent_lost;
               |                                        | > notice agent_lost.requeued; offer c1-o2 ben 30s; anna offline 0;
               |                                        | ben offered 33
          73.0 | ben accepts c1                         | accepted c1-o2 ben; active c1 ben; > here is ben; done; ben busy 33
    """)


def test_mail_of_a_lost_agent_is_kept_eight_hours() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | anna signs out                          | session s-anna ended signed_out; status anna away signed_out; anna offline 20
        28801.0 |                                         |
        28802.0 |                                         | disowned m1 agent_lost; idle anna; queued m1 agent_lost; anna offline 0
    """)


def test_an_agent_who_returns_finds_the_work() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | anna closes                             | session s-anna lost
          60.0 | anna signs in as s2                     | session s-anna ended lost; status anna away lost; anna offline 20; session s2;
               |                                         | idle anna; anna busy 20; snapshot 1+0
          61.0 | anna writes m1 oui                      | message m1-m1 customer; > deliver m1-m1; done
    """)


def test_a_call_of_a_lost_agent_goes_on_while_its_media_does() -> None:
    Story().run("""
           0.0 | the floor: anna                       |
           1.0 | v1 by voice, v1 is cu1                | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                       | offer v1-o1 anna 20s; anna offered 100
           2.0 | anna accepts v1, media of v1 connects | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100;
               |                                       | active v1 anna
           3.0 | anna closes                           | session s-anna lost
         200.0 | media of v1 ends for the agent        | session s-anna ended lost; status anna away lost; anna offline 100;
               |                                       | disowned v1 agent_lost; idle anna; queued v1 agent_lost; > release agent;
               |                                       | > music main; anna offline 0
    """)


def test_a_call_of_a_lost_agent_that_ends_is_closed() -> None:
    Story().run("""
           0.0 | the floor: anna                       |
           1.0 | v1 by voice, v1 is cu1                | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                       | offer v1-o1 anna 20s; anna offered 100
           2.0 | anna accepts v1, media of v1 connects | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100;
               |                                       | active v1 anna
           3.0 | anna closes                           | session s-anna lost
         100.0 | media of v1 ends                      | session s-anna ended lost; status anna away lost; anna offline 100; left v1;
               |                                       | closed v1 handled; idle anna; anna offline 0
    """)


def test_a_voicemail_of_a_lost_agent_waits_as_mail_does_for_no_media_decides() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           5.0 | v1 leaves a voicemail  | voicemail v1
           6.0 | the floor: anna        | offer v1-o1 anna 20s
           7.0 | anna accepts v1        | accepted v1-o1 anna; active v1 anna; done; anna busy 100
           8.0 | anna signs out         | session s-anna ended signed_out; status anna away signed_out; anna offline 100
       28807.9 |                        |
       28808.0 |                        | disowned v1 agent_lost; idle anna; queued v1 agent_lost; anna offline 0
    """)


def test_a_gateway_silent_for_fifteen_seconds_closes_its_sessions() -> None:
    Story().run("""
           0.0 | the floor: anna               |
           1.0 | anna signs in as s-anna at g2 | session s-anna back; snapshot 0+0
           6.0 | g2 falls silent               |
          20.0 |                               | gateway g2 lost; session s-anna lost
          30.0 |                               | session s-anna ended lost; status anna away lost; anna offline 0
    """)


def test_an_offer_that_expires_while_its_gateway_is_silent_is_not_missed() -> None:
    Story().run("""
           0.0 | the floor: anna        |
           1.0 | g1 falls silent        |
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                        | offer v1-o1 anna 20s; anna offered 100
          25.0 |                        | gateway g1 lost; session s-anna lost; withdrawn v1-o1 anna agent_lost; queued v1 withdrawn;
               |                        | anna ready 0; session s-anna ended lost; status anna away lost; anna offline 0
          31.0 |                        |
    """)


def test_rest_asked_for_ends_by_itself() -> None:
    Story(AgentProfile(id=ProfileId("main"), change_set=1, rest=Rest(may_ask_ms=30_000))).run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
           2.0 | anna asks for rest    | anna offered 33; withdrawn c1-o1 anna agent_unavailable; queued c1 withdrawn; done;
               |                       | position c1 1; > position 1; anna resting 0
           3.0 | anna asks for rest    | no: wrong_state
          32.0 |                       | anna ready 0; offer c1-o2 anna 30s; anna offered 33
    """)


def test_rest_is_refused_where_the_profile_gives_none() -> None:
    Story().run("""
           0.0 | the floor: anna    |
           1.0 | anna asks for rest | no: not_offered_here
    """)


def test_a_supervisor_may_set_an_agents_status() -> None:
    Story().run("""
           0.0 | the floor: anna ben sam    |
           1.0 | ben chooses break for anna | no: not_allowed
           2.0 | sam chooses break for anna | status anna break chosen; done; anna not_ready 0
    """)


def test_rest_after_a_call_and_after_unbroken_work() -> None:
    given = Rest(after_call_ms=20_000, after_work_ms=60_000, length_ms=90_000)
    Story(AgentProfile(id=ProfileId("main"), change_set=1, rest=given), queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna                         |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           2.0 | media of v1 connects                    | active v1 anna
          10.0 | media of v1 ends                        | left v1; closed v1 handled; idle anna; anna resting 0
          11.0 | v2 by voice, v2 is cu2                  | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified
          30.0 |                                         | anna ready 0; offer v2-o1 anna 20s; anna offered 100
          31.0 | anna accepts v2, media of v2 connects   | accepted v2-o1 anna; connecting v2 anna; > connect anna; done; anna busy 100;
               |                                         | active v2 anna
          95.0 | media of v2 ends                        | left v2; closed v2 handled; idle anna; anna resting 0
         185.0 |                                         | anna ready 0
    """)


def test_rest_after_a_call_takes_back_what_is_offered() -> None:
    profile = AgentProfile(id=ProfileId("main"), change_set=1, units=200, rest=Rest(after_call_ms=20_000))
    Story(profile, queue("main", wrap_up=WrapUpMode.NONE)).run("""
           1.0 | the floor: anna                         |
           2.0 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           3.0 | media of v1 connects                    | active v1 anna
           4.0 | m1 by email, m1 is cu2                  | created m1; routed m1 main; said m1; identified m1 cu2; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna busy 120
          10.0 | media of v1 ends                        | left v1; closed v1 handled; idle anna; anna offered 20;
               |                                         | withdrawn m1-o1 anna agent_unavailable; queued m1 withdrawn; anna resting 0
          30.0 |                                         | anna ready 0; offer m1-o2 anna 120s; anna offered 20
    """)


def test_a_break_and_a_signed_out_while_are_not_unbroken_work() -> None:
    profile = AgentProfile(id=ProfileId("main"), change_set=1, rest=Rest(after_work_ms=60_000, length_ms=30_000))
    Story(profile, queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna                                            |
           1.0 | m1 by email, m1 is cu1, anna accepts m1, anna completes m1 | created m1; routed m1 main; said m1; identified m1 cu1;
               |                                                            | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                                            | accepted m1-o1 anna; active m1 anna; done; anna busy 20;
               |                                                            | closed m1 handled; idle anna; done; anna ready 0
           2.0 | anna chooses break                                         | status anna break chosen; done; anna not_ready 0
         300.0 | anna chooses ready                                         | status anna ready chosen; idle anna; done; anna ready 0
         301.0 | m2 by email, m2 is cu2, anna accepts m2, anna completes m2 | created m2; routed m2 main; said m2; identified m2 cu2;
               |                                                            | queued m2 identified; offer m2-o1 anna 120s; anna offered 20;
               |                                                            | accepted m2-o1 anna; active m2 anna; done; anna busy 20;
               |                                                            | closed m2 handled; idle anna; done; anna ready 0
         302.0 | anna signs out                                             | session s-anna ended signed_out; status anna away signed_out;
               |                                                            | anna offline 0
         600.0 | anna signs in ready                                        | session s-anna; idle anna; anna not_ready 0; snapshot 0+0;
               |                                                            | status anna ready chosen; idle anna; done; anna ready 0
         601.0 | m3 by email, m3 is cu3, anna accepts m3, anna completes m3 | created m3; routed m3 main; said m3; identified m3 cu3;
               |                                                            | queued m3 identified; offer m3-o1 anna 120s; anna offered 20;
               |                                                            | accepted m3-o1 anna; active m3 anna; done; anna busy 20;
               |                                                            | closed m3 handled; idle anna; done; anna ready 0
    """)


def test_mail_of_a_lost_agent_that_is_answered_during_wrap_up_is_kept_eight_hours() -> None:
    Story(queue("main", wrap_up=WrapUpMode.OPTIONAL)).run("""
           0.0 | the floor: anna                                                  |
           1.0 | m1 by email, m1 is cu1 in t1, anna accepts m1, anna completes m1 | created m1; routed m1 main; said m1; identified m1 cu1;
               |                                                                  | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                                                  | accepted m1-o1 anna; active m1 anna; done; anna busy 20;
               |                                                                  | wrapping m1; done; anna wrapping 20
           2.0 | anna signs out                                                   | session s-anna ended signed_out; status anna away signed_out;
               |                                                                  | anna offline 20
          30.0 | m2 by email, m2 is cu1 in t1                                     | created m2; routed m2 main; said m2; identified m2 cu1;
               |                                                                  | merged m2 into m1; closed m2 merged; said m1; reopened m1
         100.0 |                                                                  |
        28802.0 |                                                                  | disowned m1 agent_lost; idle anna; queued m1 agent_lost;
               |                                                                  | anna offline 0
    """)


def test_a_call_whose_customer_hung_up_and_wrote_again_is_over_when_its_agent_is_lost() -> None:
    Story(queue("main", wrap_up=WrapUpMode.OPTIONAL)).run("""
           0.0 | the floor: anna                               |
           1.0 | v1 by voice, v1 is cu1 in t1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                               | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                               | connecting v1 anna; > connect anna; done; anna busy 100
           2.0 | media of v1 connects, media of v1 ends        | active v1 anna; left v1; wrapping v1; anna wrapping 100
           4.0 | m2 by email, m2 is cu1 in t1                  | created m2; routed m2 main; said m2; identified m2 cu1; merged m2 into v1;
               |                                               | closed m2 merged; said v1; reopened v1; anna busy 100
           5.0 | anna signs out                                | session s-anna ended signed_out; status anna away signed_out; anna offline 100
           6.0 | media of v1 ends for the agent                | closed v1 handled; idle anna; anna offline 0
    """)


def test_optional_wrap_up_waits_for_its_agent() -> None:
    Story(queue("main", wrap_up=WrapUpMode.OPTIONAL)).run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna; > here is anna;
               |                                        | done; anna busy 33
           2.0 | anna completes c1                      | wrapping c1; done; anna wrapping 33
        3600.0 | anna ends c1                           | closed c1 handled; > ended; idle anna; done; anna ready 0
    """)
