"""Somebody asked in: invite, join, cancel, complete, conference. routing.md, "Transfer, consult"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import Entity
from standardiste.common.events.model import RankingName
from standardiste.common.testing.builders import needs, person, queue

CALL = """
           0.0 | the floor: anna ben                    |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1 |
           2.0 | media of v1 connects                   |
"""
ALONE = """
           0.0 | the floor: anna                        |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1 |
           2.0 | media of v1 connects                   |
"""
CHAT = """
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 |
"""


def story(beginning: str, *more: Entity) -> Story:
    """With its beginning played, which other stories tell."""
    made = Story(*more)
    for row in beginning.strip().splitlines():
        time, message, _ = (cell.strip() for cell in row.split("|"))
        made.line(float(time), message)
    return made


def test_the_second_joins_a_call_the_first_stays_owner_and_cancel_returns() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1  | consulting v1; offer v1-o2 ben 20s consult; done; ben offered 100
           4.0 | ben accepts v1                    | accepted v1-o2 ben; held v1; > hold; consult joined v1 ben; > consult ben;
               |                                   | done; ben busy 100
           5.0 | ben completes v1                  | no: not_owner
           6.0 | anna cancels the consult about v1 | consult over v1 cancelled; > release guest; resumed v1; > resume; idle ben;
               |                                   | done; ben ready 0
    """)


def test_complete_hands_over_to_the_second() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, anna completes the consult about v1 | consulting v1;
               |                                                                       | offer v1-o2 ben 20s consult; done;
               |                                                                       | ben offered 100; no: wrong_state
           4.0 | ben accepts v1                                                        | accepted v1-o2 ben; held v1; > hold;
               |                                                                       | consult joined v1 ben; > consult ben;
               |                                                                       | done; ben busy 100
           6.0 | anna completes the consult about v1                                   | transferred v1;
               |                                                                       | consult over v1 completed; active v1 ben;
               |                                                                       | > release agent; > resume; idle anna;
               |                                                                       | done; anna ready 0
           9.0 | ben completes v1, ben ends v1                                         | > release all; wrapping v1; done;
               |                                                                       | ben wrapping 100; closed v1 handled;
               |                                                                       | idle ben; done; ben ready 0
    """)


def test_a_conference_keeps_both_and_the_last_one_in_owns_it() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1 | consulting v1; offer v1-o2 ben 20s consult; done;
               |                                                  | ben offered 100; accepted v1-o2 ben; held v1; > hold;
               |                                                  | consult joined v1 ben; > consult ben; done; ben busy 100
           4.0 | anna confers about v1, anna confers about v1     | conference v1 anna ben; > conference; resumed v1; > resume;
               |                                                  | done; no: wrong_state
           5.0 | anna leaves the conference about v1              | anna leaves v1; transferred v1; consult over v1 left;
               |                                                  | active v1 ben; > release agent; idle anna; done; anna ready 0
           6.0 | media of v1 ends                                 | left v1; wrapping v1; ben wrapping 100
    """)


def test_a_guest_who_leaves_a_conference_leaves_the_owner_with_the_customer() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1, anna confers about v1 | consulting v1;
               |                                                                         | offer v1-o2 ben 20s consult; done;
               |                                                                         | ben offered 100; accepted v1-o2 ben;
               |                                                                         | held v1; > hold; consult joined v1 ben;
               |                                                                         | > consult ben; done; ben busy 100;
               |                                                                         | conference v1 anna ben; > conference;
               |                                                                         | resumed v1; > resume; done
           5.0 | ben leaves the conference about v1                                      | ben leaves v1; consult over v1 left;
               |                                                                         | > release guest; idle ben; done;
               |                                                                         | ben ready 0
    """)


def test_declined_expired_or_signed_out_nobody_joined_and_the_owner_has_it() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben declines v1                  | consulting v1; offer v1-o2 ben 20s consult;
               |                                                                    | done; ben offered 100; declined v1-o2 ben;
               |                                                                    | consult over v1 declined; done; ben ready 0
           4.0 | anna consults agent ben about v1                                   | consulting v1; offer v1-o3 ben 20s consult;
               |                                                                    | done; ben offered 100
          24.0 |                                                                    | expired v1-o3 ben 1;
               |                                                                    | consult over v1 expired;
               |                                                                    | status ben away missed; ben not_ready 0
          25.0 | ben chooses ready, anna consults agent ben about v1, ben signs out | status ben ready chosen; idle ben; done;
               |                                                                    | ben ready 0; consulting v1;
               |                                                                    | offer v1-o4 ben 20s consult; done;
               |                                                                    | ben offered 100;
               |                                                                    | session s-ben ended signed_out;
               |                                                                    | withdrawn v1-o4 ben agent_unavailable;
               |                                                                    | consult over v1 agent_unavailable;
               |                                                                    | status ben away signed_out; ben offline 0
          26.0 | anna consults agent ben about v1                                   | no: agent_away
    """)


def test_a_guest_who_is_lost_leaves_the_owner_with_the_customer() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1 | consulting v1; offer v1-o2 ben 20s consult; done;
               |                                                  | ben offered 100; accepted v1-o2 ben; held v1; > hold;
               |                                                  | consult joined v1 ben; > consult ben; done; ben busy 100
           4.0 | ben closes                                       | session s-ben lost
          14.0 |                                                  | session s-ben ended lost; consult over v1 agent_lost;
               |                                                  | > release guest; resumed v1; > resume; idle ben;
               |                                                  | status ben away lost; ben offline 0
    """)


def test_the_caller_hangs_up_during_a_consult_and_all_ends() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1 | consulting v1; offer v1-o2 ben 20s consult; done;
               |                                                  | ben offered 100; accepted v1-o2 ben; held v1; > hold;
               |                                                  | consult joined v1 ben; > consult ben; done; ben busy 100
           4.0 | media of v1 ends                                 | left v1; consult over v1 completed; > release guest; idle ben;
               |                                                  | wrapping v1; anna wrapping 100; ben ready 0
    """)


def test_a_number_outside_is_called_in_and_may_keep_the_customer() -> None:
    story(CALL).run("""
           3.0 | anna consults number +33199 about v1 | consulting v1; held v1; > hold; > consult +33199; done
           4.0 | anna completes the consult about v1  | no: wrong_state
           5.0 | the consulted of v1 answers          | consult joined v1 outside
           6.0 | anna confers about v1                | conference v1 anna; > conference; resumed v1; > resume; done
           7.0 | anna leaves the conference about v1  | anna leaves v1; transferred v1; consult over v1 left; > release agent;
               |                                      | wrapping v1; done; anna wrapping 100
    """)


def test_a_number_outside_that_does_not_answer_leaves_the_owner_with_the_customer() -> None:
    story(CALL).run("""
           3.0 | anna consults number +33199 about v1 | consulting v1; held v1; > hold; > consult +33199; done
           9.0 | the consulted of v1 fails            | consult over v1 media_failed; > release guest; resumed v1; > resume
    """)


def test_whoever_is_asked_into_a_chat_reads_along_and_notes() -> None:
    story(CHAT).run("""
           3.0 | anna consults agent ben about c1, ben accepts c1 | consulting c1; offer c1-o2 ben 30s consult; done;
               |                                                  | ben offered 33; accepted c1-o2 ben; consult joined c1 ben;
               |                                                  | done; ben busy 33
           4.0 | ben writes c1 oui                                | no: not_owner
           5.0 | ben notes c1 oui                                 | message c1-m1 internal; done
           6.0 | ben asks for a snapshot                          | done; snapshot 1+0
           7.0 | anna completes the consult about c1              | transferred c1; consult over c1 completed; active c1 ben;
               |                                                  | > here is ben; idle anna; done; anna ready 0
           8.0 | ben writes c1 oui                                | message c1-m2 customer; > deliver c1-m2; done
    """)


def test_refusals_of_a_consult() -> None:
    story(CHAT).run("""
           3.0 | ben consults agent anna about c1                                                                    | no: not_owner
           4.0 | anna consults agent anna about c1                                                                   | no: unknown_agent
           5.0 | anna consults agent cleo about c1                                                                   | no: unknown_agent
           6.0 | anna consults queue nowhere about c1                                                                | no: unknown_queue
           7.0 | anna consults number +33199 about c1                                                                | no: not_offered_here
           8.0 | anna cancels the consult about c1                                                                   | no: wrong_state
           9.0 | anna confers about c1                                                                               | no: wrong_state
          10.0 | anna leaves the conference about c1                                                                 | no: wrong_state
          11.0 | ben leaves the conference about c1                                                                  | no: not_owner
          12.0 | anna consults agent ben about c1, anna consults agent ben about c1, anna transfers c1 to queue main | consulting c1;
               |                                                                                                     | offer c1-o2 ben 30s consult;
               |                                                                                                     | done;
               |                                                                                                     | ben offered 33;
               |                                                                                                     | no: wrong_state;
               |                                                                                                     | no: wrong_state
    """)


def test_a_restart_keeps_who_was_asked_in() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1 | consulting v1; offer v1-o2 ben 20s consult; done;
               |                                                  | ben offered 100; accepted v1-o2 ben; held v1; > hold;
               |                                                  | consult joined v1 ben; > consult ben; done; ben busy 100
           4.0 | a restart                                        | router resumed
           5.0 | anna completes the consult about v1              | transferred v1; consult over v1 completed; active v1 ben;
               |                                                  | > release agent; > resume; idle anna; done; anna ready 0
    """)


FLOOR = (
    queue("billing", skills=needs(billing=3), ranking=RankingName.MOST_PROFICIENT),
    person("ben", skills=needs(billing=3)),
    person("cleo", skills=needs(billing=5)),
)


def test_a_queue_is_asked_by_its_own_rules_one_after_the_other() -> None:
    story(ALONE, *FLOOR, person("dora")).run("""
            2.5 | the floor: ben cleo dora             |
            3.0 | anna consults queue billing about v1 | consulting v1; offer v1-o2 cleo 20s consult; done; cleo offered 100
            4.0 | cleo declines v1                     | declined v1-o2 cleo; offer v1-o3 ben 20s consult; done; ben offered 100; cleo ready 0
            5.0 | ben accepts v1                       | accepted v1-o3 ben; held v1; > hold; consult joined v1 ben; > consult ben; done; ben busy 100
            6.0 | anna completes the consult about v1  | transferred v1; consult over v1 completed; active v1 ben; > release agent; > resume; idle anna;
                |                                      | done; anna ready 0
    """)


def test_a_queue_in_which_everybody_passes_leaves_the_owner_with_the_customer() -> None:
    story(ALONE, *FLOOR).run("""
            2.5 | the floor: ben cleo                  |
            3.0 | anna consults queue billing about v1 | consulting v1; offer v1-o2 cleo 20s consult; done; cleo offered 100
            4.0 | cleo signs out                       | session s-cleo ended signed_out; withdrawn v1-o2 cleo agent_unavailable;
                |                                      | offer v1-o3 ben 20s consult; status cleo away signed_out; ben offered 100; cleo offline 0
            5.0 | a restart                            | router resumed
           24.0 |                                      | expired v1-o3 ben 1; consult over v1 expired; status ben away missed; ben not_ready 0
    """)


def test_a_queue_with_nobody_free_says_which_of_three_it_is() -> None:
    story(ALONE, *FLOOR, queue("greek", skills=needs(greek=1)), queue("shown", is_pull_only=True)).run("""
            3.0 | anna consults queue greek about v1     | no: lacks_skill
            4.0 | anna consults queue billing about v1   | no: agent_away
            5.0 | the floor: ben                         |
            6.0 | v2 by voice, v2 is cu2, ben accepts v2 | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified;
                |                                        | offer v2-o1 ben 20s; ben offered 100; accepted v2-o1 ben; connecting v2 ben; > connect ben; done;
                |                                        | ben busy 100
            7.0 | anna consults queue billing about v1   | no: agent_full
            8.0 | anna consults queue shown about v1     | no: not_offered_here
            9.0 | anna consults queue nowhere about v1   | no: unknown_queue
    """)


def test_a_conference_whose_owners_phone_or_desk_is_gone_stays_with_the_other() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1, anna confers about v1 | consulting v1; offer v1-o2 ben 20s consult; done;
               |                                                                         | ben offered 100; accepted v1-o2 ben; held v1; > hold;
               |                                                                         | consult joined v1 ben; > consult ben; done; ben busy 100;
               |                                                                         | conference v1 anna ben; > conference; resumed v1; > resume;
               |                                                                         | done
           4.0 | media of v1 ends for the agent                                          | anna leaves v1; transferred v1; consult over v1 left;
               |                                                                         | active v1 ben; > release agent; idle anna; anna ready 0
           6.0 | media of v1 ends                                                        | left v1; wrapping v1; ben wrapping 100
    """)


def test_a_conference_with_a_number_outside_outlives_its_owners_phone() -> None:
    story(CALL).run("""
           3.0 | anna consults number +33199 about v1, the consulted of v1 answers, anna confers about v1 | consulting v1; held v1; > hold;
               |                                                                                          | > consult +33199; done;
               |                                                                                          | consult joined v1 outside;
               |                                                                                          | conference v1 anna; > conference; resumed v1;
               |                                                                                          | > resume; done
           4.0 | anna signs out                                                                           | session s-anna ended signed_out;
               |                                                                                          | status anna away signed_out;
               |                                                                                          | anna offline 100
           4.0 | media of v1 ends for the agent                                                           | anna leaves v1; transferred v1;
               |                                                                                          | consult over v1 left; > release agent;
               |                                                                                          | closed v1 handled; idle anna; anna offline 0
    """)


def test_a_chat_conference_whose_owner_is_lost_for_long_stays_with_the_other() -> None:
    story(CHAT).run("""
           3.0 | anna consults agent ben about c1, ben accepts c1, anna confers about c1 | consulting c1; offer c1-o2 ben 30s consult; done;
               |                                                                         | ben offered 33; accepted c1-o2 ben; consult joined c1 ben;
               |                                                                         | done; ben busy 33; conference c1 anna ben; done
           4.0 | anna signs out                                                          | session s-anna ended signed_out; status anna away signed_out;
               |                                                                         | anna offline 33
        64.0 |                                                                         | anna leaves c1; transferred c1; consult over c1 left;
               |                                                                         | active c1 ben; > here is ben; idle anna; anna offline 0
    """)


def test_a_call_on_hold_for_a_consult_waits_again_when_its_owner_is_lost() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1 | consulting v1; offer v1-o2 ben 20s consult; done; ben offered 100;
               |                                                  | accepted v1-o2 ben; held v1; > hold; consult joined v1 ben; > consult ben; done;
               |                                                  | ben busy 100
           4.0 | anna signs out                                   | session s-anna ended signed_out; status anna away signed_out; anna offline 100
           4.0 | media of v1 ends for the agent                   | consult over v1 disowned; > release guest; idle ben; disowned v1 agent_lost;
               |                                                  | idle anna; queued v1 agent_lost; > release agent; > music main; offer v1-o3 ben 20s;
               |                                                  | anna offline 0; ben offered 100
    """)


def test_a_conference_that_held_its_customer_is_resumed_by_the_other_when_its_owners_phone_is_gone() -> None:
    story(CALL).run("""
           3.0 | anna consults agent ben about v1, ben accepts v1, anna confers about v1, anna holds v1 | consulting v1; offer v1-o2 ben 20s consult;
               |                                                                                        | done; ben offered 100; accepted v1-o2 ben;
               |                                                                                        | held v1; > hold; consult joined v1 ben;
               |                                                                                        | > consult ben; done; ben busy 100;
               |                                                                                        | conference v1 anna ben; > conference;
               |                                                                                        | resumed v1; > resume; done; held v1; > hold;
               |                                                                                        | done
           4.0 | media of v1 ends for the agent                                                         | anna leaves v1; transferred v1;
               |                                                                                        | consult over v1 left; active v1 ben;
               |                                                                                        | > release agent; > resume; idle anna;
               |                                                                                        | anna ready 0
    """)
