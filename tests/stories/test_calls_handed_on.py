"""Calls that go on to another agent: who hears of the customer's hang-up then, and of a leg that fails. routing.md, "Life of an interaction" and "Offers"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.testing.builders import person

CALL = "a05f5bbbbd3eb88a6f0c97ad7"


def handed_on() -> Story:
    """Anna called a customer, who answered; she sent him on to the queue, where ben is not yet."""
    made = Story(person("ben"))
    made.line(0.0, "the floor: anna")
    made.line(1.0, "anna opens by voice")
    made.line(2.0, f"media of {CALL} connects, anna chooses away")
    made.line(9.0, f"anna transfers {CALL} to queue main")
    return made


def test_a_customer_who_was_called_and_hangs_up_while_he_waits_is_abandoned_and_offered_to_nobody() -> None:
    handed_on().run(f"""
          10.0 | {CALL} hangs up | closed {CALL} abandoned
          11.0 | the floor: ben  |
    """)


def test_a_customer_who_was_called_and_hangs_up_while_the_next_agent_is_connected_is_abandoned() -> None:
    handed_on().run(f"""
          10.0 | the floor: ben, ben accepts {CALL} | offer {CALL}-o1 ben 20s; accepted {CALL}-o1 ben; connecting {CALL} ben;
               |                                    | > connect ben; done; ben busy 100
          11.0 | {CALL} hangs up                    | > release all; closed {CALL} abandoned; ben ready 0
    """)


def test_a_customer_who_was_called_waits_on_at_his_age_when_the_next_agents_phone_fails() -> None:
    handed_on().run(f"""
          10.0 | the floor: ben, ben accepts {CALL}  | offer {CALL}-o1 ben 20s; accepted {CALL}-o1 ben; connecting {CALL} ben;
               |                                     | > connect ben; done; ben busy 100
          11.0 | media of {CALL} fails for the agent | media failed {CALL}-o1 ben; disowned {CALL} media_failed;
               |                                     | queued {CALL} media_failed; > music main; ben ready 0
          21.0 |                                     | offer {CALL}-o2 ben 20s; ben offered 100
    """)


def test_a_call_whose_customer_has_not_answered_goes_back_to_no_queue() -> None:
    made = Story(person("ben"))
    made.line(0.0, "the floor: anna")
    made.run(f"""
           1.0 | anna opens by voice   | asked; opened anna; connecting {CALL} anna; > call for anna; done; anna busy 100
           2.0 | anna requeues {CALL}  | no: wrong_state
           3.0 | media of {CALL} fails | media failed {CALL}-o0 anna; > release all; wrapping {CALL}; anna wrapping 100
    """)


def test_a_former_owner_who_hangs_up_while_the_next_is_connected_takes_no_call_down() -> None:
    made = Story(person("ben"))
    made.line(0.0, "the floor: anna ben")
    made.line(1.0, "v1 by voice, v1 is cu1, anna accepts v1")
    made.line(2.0, "media of v1 connects")
    made.run("""
           3.0 | anna transfers v1 to agent ben, ben accepts v1 | transfer asked v1; offer v1-o2 ben 20s transfer; done; ben offered 100;
               |                                                | accepted v1-o2 ben; transferred v1; > release agent; connecting v1 ben;
               |                                                | > connect ben; idle anna; done; anna ready 0; ben busy 100
           4.0 | media of v1 ends for the agent                 |
           5.0 | media of v1 connects                           | active v1 ben
    """)


def test_a_caller_who_goes_while_media_is_set_up_is_abandoned_whichever_way_it_is_told() -> None:
    made = Story()
    made.line(0.0, "the floor: anna")
    made.line(1.0, "v1 by voice, v1 is cu1, anna accepts v1")
    made.run("""
           9.0 | media of v1 ends | > release all; closed v1 abandoned; anna ready 0
    """)


def test_what_is_told_late_of_one_agents_phone_is_not_taken_for_the_next_ones() -> None:
    made = Story(person("ben"), person("sam"))
    made.line(0.0, "the floor: anna")
    made.line(1.0, "v1 by voice, v1 is cu1, anna accepts v1")
    made.run("""
          31.0 | ben signs in, sam signs in         | session s-ben; idle ben; ben not_ready 0; snapshot 0+0; session s-sam; idle sam; sam not_ready 0;
               |                                    | snapshot 0+0; media failed v1-o1 anna; disowned v1 media_failed; queued v1 media_failed;
               |                                    | > music main; anna ready 0
          32.0 | sam assigns v1 to ben by force     | connecting v1 ben; > connect ben; done; ben busy 100
          33.0 | media of v1-o1 fails for the agent |
          34.0 | media of v1 connects               | active v1 ben
    """)
