"""An agent's work: hold, wrap-up, transfer, outbound, messages, deliveries, limits, configuration, restart, questions."""

from __future__ import annotations

import pytest
from stories.story import Story

from standardiste.common.events.directory import AgentProfile, Disposition, Limits, Rule, RuleSet
from standardiste.common.events.model import DispositionId, ProfileId, QueueId, WrapUpMode
from standardiste.common.testing.builders import needs, queue

DONE = Disposition(id=DispositionId("sold"), change_set=1)


def test_hold_and_resume_a_call() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           2.0 | anna holds v1                           | no: wrong_state
           3.0 | media of v1 connects, anna holds v1     | active v1 anna; held v1; > hold; done
           4.0 | anna resumes v1                         | resumed v1; > resume; done
           5.0 | ben holds v1                            | no: no_session
    """)


def test_an_old_version_is_refused_by_name() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna completes c1@1                    | no: stale_version
           3.0 | anna completes c2                      | no: unknown_interaction
    """)


def test_wrap_up_none_closes_at_once() -> None:
    Story(queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna completes c1                      | closed c1 handled; > ended; idle anna; done; anna ready 0
           3.0 | anna completes c1@5                    | no: interaction_closed
    """)


def test_timed_wrap_up_ends_by_itself_and_can_be_extended() -> None:
    Story(queue("main", wrap_up=WrapUpMode.TIMED, wrap_up_ms=10_000)).run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna completes c1                      | wrapping c1; done; anna wrapping 33
           3.0 | anna extends c1 by 5                   | wrapping c1; done
          17.0 |                                        | closed c1 handled; > ended; idle anna; anna ready 0
    """)


def test_mandatory_wrap_up_asks_for_a_disposition() -> None:
    Story(queue("main", wrap_up=WrapUpMode.MANDATORY), DONE).run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna completes c1                      | wrapping c1; done; anna wrapping 33
         100.0 | anna ends c1                           | no: disposition_required
         101.0 | anna ends c1 as nonsense               | no: unknown_disposition
         102.0 | anna ends c1 as sold                   | disposition c1 sold; closed c1 handled; > ended; idle anna; done; anna ready 0
    """)


def test_nobody_else_can_speak_to_the_customer() -> None:
    Story().run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | ben writes c1 oui                      | no: not_owner
           3.0 | anna writes c1                         | no: empty_message
           4.0 | anna notes c1 attention                | message c1-m1 internal; done
           5.0 | anna types to c1                       | > typing; done
           5.5 | anna reads c1                          | > read c1; done
           5.6 | ben reads c1                           | no: not_owner
           6.0 | c1 says goodbye                        | left c1
           7.0 | anna writes c1 encore                  | no: customer_left
    """)


def test_transfer_to_a_queue_keeps_age_and_priority() -> None:
    Story(queue("billing", skills=needs(billing=3))).run("""
           0.0 | the floor: ben                      |
           1.0 | c1 by chat at priority 2, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                     | offer c1-o1 ben 30s; ben offered 33
           2.0 | ben accepts c1                      | accepted c1-o1 ben; active c1 ben; > here is ben; done; ben busy 33
           3.0 | the floor: anna                     |
           4.0 | ben transfers c1 to queue nowhere   | no: unknown_queue
           5.0 | ben transfers c1 to queue billing   | transferred c1; disowned c1 transferred; idle ben; routed c1 billing by transfer;
               |                                     | queued c1 transferred; done; offer c1-o2 anna 30s; anna offered 33; ben ready 0
           6.0 | anna accepts c1                     | accepted c1-o2 anna; active c1 anna; > here is anna; done; anna busy 33
    """)


def test_a_queue_may_have_what_is_transferred_to_it_wait_as_if_it_came_then() -> None:
    Story(queue("billing", skills=needs(billing=3), priority=1, keeps_age_of_transfers=False)).run("""
             0.0 | the floor: ben                                       |
             1.0 | m1 by email at priority 9, m1 is cu1, ben accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1;
                 |                                                      | queued m1 identified; offer m1-o1 ben 120s; ben offered 20;
                 |                                                      | accepted m1-o1 ben; active m1 ben; done; ben busy 20
           100.0 | m2 by email to billing, m2 is cu2                    | created m2; routed m2 billing; said m2; identified m2 cu2;
                 |                                                      | queued m2 identified
           110.0 | ben transfers m1 to queue billing                    | transferred m1; disowned m1 transferred; idle ben;
                 |                                                      | routed m1 billing by transfer; queued m1 transferred; done; ben ready 0
           120.0 | the floor: anna                                      | offer m2-o1 anna 120s; offer m1-o2 anna 120s
    """)


def test_transfer_of_a_call_to_a_queue_gives_the_caller_music() -> None:
    Story(queue("billing", skills=needs(billing=3))).run("""
           0.0 | the floor: ben                       |
           1.0 | v1 by voice, v1 is cu1               | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                      | offer v1-o1 ben 20s; ben offered 100
           2.0 | ben accepts v1, media of v1 connects | accepted v1-o1 ben; connecting v1 ben; > connect ben; done; ben busy 100;
               |                                      | active v1 ben
           5.0 | ben transfers v1 to queue billing    | transferred v1; disowned v1 transferred; idle ben; routed v1 billing by transfer;
               |                                      | queued v1 transferred; > release agent; > music billing; done; ben ready 0
    """)


def test_transfer_to_an_agent_leaves_the_sender_owner_until_the_accept() -> None:
    Story().run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna transfers c1 to agent ben         | transfer asked c1; offer c1-o2 ben 30s transfer; done; ben offered 33
           3.0 | ben declines c1                        | declined c1-o2 ben; transfer over c1 declined; done; ben ready 0
           4.0 | anna transfers c1 to agent ben         | transfer asked c1; offer c1-o3 ben 30s transfer; done; ben offered 33
           5.0 | ben accepts c1                         | accepted c1-o3 ben; transferred c1; active c1 ben; > here is ben; idle anna;
               |                                        | done; anna ready 0; ben busy 33
    """)


def test_transfer_to_an_agent_who_is_full_or_away_is_refused_at_once_unless_it_waits() -> None:
    Story().run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | v1 by voice, v1 is cu2, ben accepts v1 | created v1; routed v1 main; said v1; identified v1 cu2; queued v1 identified;
               |                                        | offer v1-o1 ben 20s; ben offered 100; accepted v1-o1 ben; connecting v1 ben;
               |                                        | > connect ben; done; ben busy 100
           2.1 | media of v1 connects                   | active v1 ben
           3.0 | anna transfers c1 to agent ben         | no: agent_full
           4.0 | anna transfers c1 to agent cleo        | no: unknown_agent
           5.0 | anna transfers c1 to agent sam         | no: unknown_agent
           6.0 | anna transfers c1 to agent ben waiting | transfer asked c1; done
           7.0 | v1 hangs up, ben ends v1               | left v1; wrapping v1; ben wrapping 100; closed v1 handled; idle ben; done;
               |                                        | offer c1-o2 ben 30s transfer; ben offered 33
           8.0 | ben accepts c1                         | accepted c1-o2 ben; transferred c1; active c1 ben; > here is ben; idle anna;
               |                                        | done; anna ready 0; ben busy 33
    """)


def test_a_waiting_transfer_comes_back_when_its_agent_leaves_and_can_be_cancelled() -> None:
    Story().run("""
           0.0 | the floor: anna ben                      |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1   | created c1; routed c1 main; said c1; identified c1 cu1;
               |                                          | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                          | accepted c1-o1 anna; active c1 anna; > here is anna; done;
               |                                          | anna busy 33
           2.0 | v1 by voice, v1 is cu2, ben accepts v1   | created v1; routed v1 main; said v1; identified v1 cu2;
               |                                          | queued v1 identified; offer v1-o1 ben 20s; ben offered 100;
               |                                          | accepted v1-o1 ben; connecting v1 ben; > connect ben; done;
               |                                          | ben busy 100
           3.0 | anna transfers c1 to agent ben waiting   | transfer asked c1; done
           4.0 | anna cancels c1                          | transfer over c1 cancelled; done
           5.0 | anna transfers c1 to agent ben waiting   | transfer asked c1; done
           6.0 | ben chooses break                        | status ben ready then break chosen; transfer over c1 agent_away; done;
               |                                          | ben busy 100
           7.0 | anna cancels c1                          | no: wrong_state
           8.0 | anna transfers c1 to number +33100000009 | no: not_offered_here
           9.0 | anna consults agent ben about c1         | no: agent_away
    """)


def test_an_agent_opens_mail_and_owns_it_at_once_within_capacity() -> None:
    Story().run("""
           0.0 | the floor: anna        |
           1.0 | anna opens by email    | asked; opened anna; message a05f5bbbbd3eb88a6f0c97ad7-m1 customer;
               |                        | > deliver a05f5bbbbd3eb88a6f0c97ad7-m1; done; anna busy 20
           2.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                        | offer v1-o1 anna 20s interrupting; anna busy 120
           2.5 | anna accepts v1        | accepted v1-o1 anna; interrupted a05f5bbbbd3eb88a6f0c97ad7; connecting v1 anna;
               |                        | > connect anna; done; anna busy 100
           3.0 | anna opens by sms      | no: over_capacity
           4.0 | ben opens by email     | no: no_session
    """)


def test_the_customers_answer_prefers_the_agent_who_began() -> None:
    Story(queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna                          |
           1.0 | anna opens by email                      | asked; opened anna; message a05f5bbbbd3eb88a6f0c97ad7-m1 customer;
               |                                          | > deliver a05f5bbbbd3eb88a6f0c97ad7-m1; done; anna busy 20
           2.0 | anna completes a05f5bbbbd3eb88a6f0c97ad7 | closed a05f5bbbbd3eb88a6f0c97ad7 handled; idle anna; done;
               |                                          | anna ready 0
           3.0 | the floor: ben                           |
           4.0 | v1 by voice, v1 is cu9, anna accepts v1  | created v1; routed v1 main; said v1; identified v1 cu9;
               |                                          | queued v1 identified; offer v1-o1 anna 20s; anna offered 100;
               |                                          | accepted v1-o1 anna; connecting v1 anna; > connect anna; done;
               |                                          | anna busy 100
           5.0 | m1 by email                              | created m1; routed m1 main; said m1
           5.1 | m1 is cu1 in a05f5bbbbd3eb88a6f0c97ad7   | identified m1 cu1; routed m1 main; queued m1 identified for anna
    """)


def test_an_outbound_call_that_is_not_answered_ends_in_wrap_up() -> None:
    story = Story()
    story.run("""
           0.0 | the floor: anna     |
           1.0 | anna opens by voice | asked; opened anna; connecting a05f5bbbbd3eb88a6f0c97ad7 anna; > call for anna; done;
               |                     | anna busy 100
          31.0 |                     | media failed a05f5bbbbd3eb88a6f0c97ad7-o0 anna; > release all;
               |                     | wrapping a05f5bbbbd3eb88a6f0c97ad7; anna wrapping 100
    """)


def test_deliveries_are_passed_on_even_after_the_close_and_a_final_failure_is_work_again() -> None:
    Story(queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna ben                     |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | anna writes m1 oui, anna completes m1   | message m1-m1 customer; > deliver m1-m1; done; closed m1 handled; idle anna;
               |                                         | done; anna ready 0
           3.0 | m1-m1 is reported sent                  | sent m1-m1
           4.0 | m1-m1 is reported delivered             | delivered m1-m1
           5.0 | m1-m1 is reported failed                | failed m1-m1; opened main; queued d435862444015bcd251c39f40 requeued for anna;
               |                                         | offer d435862444015bcd251c39f40-o1 anna 120s; anna offered 20
           6.0 | m9-m1 is reported sent                  | sent m9-m1
    """)


def test_a_queue_that_is_too_long_overflows_to_another() -> None:
    limits = Limits(length_max=1, age_max_ms=30_000, action="queue", to_queue=QueueId("main"))
    Story(queue("small", limits=limits)).run("""
           0.0 | m1 by email to small, m1 is cu1 | created m1; routed m1 small; said m1; identified m1 cu1; queued m1 identified
           1.0 | m2 by email to small, m2 is cu2 | created m2; routed m2 small; said m2; identified m2 cu2; queued m2 identified;
               |                                 | overflowed m2 length queue; routed m2 main by overflow; queued m2 overflowed
          30.0 |                                 | overflowed m1 age queue; routed m1 main by overflow; queued m1 overflowed
    """)


def test_a_queue_that_is_too_old_closes_with_a_notice() -> None:
    Story(queue("small", limits=Limits(age_max_ms=30_000, action="close"))).run("""
           0.0 | c1 by chat to small, c1 is cu1 | created c1; routed c1 small; said c1; identified c1 cu1; queued c1 identified;
               |                                | position c1 1; > position 1
          30.0 |                                | overflowed c1 age close; > notice overflow.age; closed c1 overflowed; > ended
    """)


def test_a_removed_queue_hands_its_waiting_to_the_default() -> None:
    Story(queue("old"), gone=(queue("old", is_archived=True),)).run("""
           0.0 | m1 by email to old, m1 is cu1 | created m1; routed m1 old; said m1; identified m1 cu1; queued m1 identified
           1.0 | the set gone                  | applied 2; routed m1 main by queue_removed; queued m1 queue_removed
    """)


def test_a_faulty_change_set_is_refused_by_name_and_the_former_stays() -> None:
    bad = RuleSet(id="main", change_set=1, rules=(Rule(name="x", when="contact.nonsense == 1", queue=QueueId("main")),))
    Story(bad=(bad, queue("later")), worse=(queue("main", filters=("unheard_of",)),)).run("""
           0.0 | the set bad          | refused set 2 unknown_fact
           1.0 | the set worse        | refused set 3 unknown_filter
           2.0 | m1 by email to later | created m1; routed m1 main; said m1
    """)


def test_a_dated_change_set_is_in_force_from_its_instant_also_after_a_restart() -> None:
    Story(later=(queue("later"),)).run("""
            0.0 | the set later for 60 |
            1.0 | m1 by email to later | created m1; routed m1 main; said m1
            2.0 | a restart            | queued m1 arrived; router resumed
           60.0 |                      | applied 2
           61.0 | m2 by email to later | created m2; routed m2 later; said m2
    """)


@pytest.mark.parametrize(("resets", "first"), [(True, "ben"), (False, "anna")])
def test_outbound_work_resets_the_idle_clock_unless_the_profile_says_no(resets: bool, first: str) -> None:
    story = Story(AgentProfile(id=ProfileId("main"), change_set=1, does_outbound_reset_idle=resets))
    for at, message in ((0.0, "the floor: anna"), (1.0, "the floor: ben"), (2.0, "anna opens by email")):
        story.line(at, message)
    (opened,) = story.engine.live.interactions
    assert "closed" in " ".join(story.line(3.0, f"anna completes {opened.removeprefix('in_')}"))
    assert f"offer v1-o1 {first} 20s" in story.line(4.0, "v1 by voice, v1 is cu1")


def test_a_supervisor_moves_what_waits() -> None:
    Story(queue("billing")).run("""
           0.0 | anna signs in, sam signs in | session s-anna; idle anna; anna not_ready 0; snapshot 0+0; session s-sam; idle sam;
               |                             | sam not_ready 0; snapshot 0+0
           1.0 | m1 by email, m1 is cu1      | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified
           2.0 | sam prioritises m1 to 4     | prioritised m1 4; done
           3.0 | anna prioritises m1 to 9    | no: not_allowed
           4.0 | sam requeues m1 to billing  | routed m1 billing by requeued; queued m1 requeued; done
           5.0 | sam assigns m1 to anna      | no: agent_away
           6.0 | anna chooses ready          | status anna ready chosen; idle anna; done; offer m1-o1 anna 120s; anna offered 20
           7.0 | sam requeues m1             | withdrawn m1-o1 anna supervisor; queued m1 requeued; done; offer m1-o2 anna 120s
           8.0 | sam closes m1               | withdrawn m1-o2 anna supervisor; closed m1 closed_by_supervisor; done; anna ready 0
    """)


def test_an_assignment_is_an_offer_to_that_agent() -> None:
    Story().run("""
           0.0 | the floor: anna ben sam |
           1.0 | m1 by email, m1 is cu1  | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                         | offer m1-o1 anna 120s; anna offered 20
           2.0 | sam assigns m1 to ben   | withdrawn m1-o1 anna supervisor; queued m1 withdrawn; offer m1-o2 ben 120s; done;
               |                         | anna ready 0; ben offered 20
           3.0 | ben accepts m1          | accepted m1-o2 ben; active m1 ben; done; ben busy 20
           4.0 | sam assigns m1 to anna  | no: already_owned
    """)


def test_a_restart_goes_on_mid_offer_and_what_ended_in_the_gap_is_not_missed() -> None:
    Story().run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
           2.0 | a restart             | router resumed
           3.0 | anna accepts c1       | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
           4.0 | c2 by chat, c2 is cu2 | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                       | offer c2-o1 anna 30s; anna busy 66
           5.0 | g1 falls silent       |
          60.0 | a restart after 50 s  | router resumed; withdrawn c2-o1 anna agent_lost; queued c2 withdrawn; offer c2-o2 anna 30s
    """)


def test_why_is_it_still_waiting_and_why_am_i_idle() -> None:
    Story(queue("billing", skills=needs(billing=5))).run("""
             0.0 | the floor: anna ben               |
             1.0 | m1 by email to billing, m1 is cu1 | created m1; routed m1 billing; said m1; identified m1 cu1; queued m1 identified;
                 |                                   | unstaffed m1 billing
             2.0 | anna asks why m1                  | explained waits_before_it:0 skills:2; done
             3.0 | anna asks why ben                 | explained skills:1; done
             4.0 | anna asks the doctor              | no: not_allowed
             5.0 | sam signs in, sam asks the doctor | session s-sam; idle sam; sam not_ready 0; snapshot 0+0; doctor 0; done
             6.0 | sam repairs m1                    | no: wrong_state
             7.0 | m2 by email, m2 is cu2            | created m2; routed m2 main; said m2; identified m2 cu2; queued m2 identified;
                 |                                   | offer m2-o1 anna 120s; anna offered 20
             8.0 | sam asks why m2                   | explained offered_to:1 offered:2 profile:1; done
             9.0 | anna accepts m2, sam asks why m2  | accepted m2-o1 anna; active m2 anna; done; anna busy 20; explained state:active:1; done
    """)


def test_the_api_sends_by_itself_and_what_it_opened_closes() -> None:
    Story().run("""
           0.0 | the floor: anna             |
           1.0 | the api sends ms_1 by email | asked; opened main; message ms_1 customer; > deliver ms_1;
               |                             | closed 9cfae33d58f6e42bec2608d51 closed_by_api; done
           2.0 | the api sends ms_2 by voice | no: not_offered_here
    """)


def test_the_api_sends_into_a_live_conversation_whose_owner_sees_it() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1;
               |                                        | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                        | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
           2.0 | the api sends ms_1 by chat in c1       | asked; message ms_1 customer; > deliver ms_1; done
    """)
