"""A transfer to an agent while one of the two is lost, missed or no longer there. routing.md, "Transfer, consult" and "Agents"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.testing.builders import person


def test_a_transfer_to_an_agent_who_is_lost_before_the_accept_leaves_the_sender_owner() -> None:
    Story().run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna transfers c1 to agent ben         | transfer asked c1; offer c1-o2 ben 30s transfer; done; ben offered 33
           3.0 | ben closes                             | session s-ben lost
          13.0 |                                        | session s-ben ended lost; withdrawn c1-o2 ben agent_lost;
               |                                        | transfer over c1 agent_lost; status ben away lost; ben offline 0
          14.0 | anna completes c1                      | wrapping c1; done; anna wrapping 33
    """)


def test_a_transfer_of_a_sender_who_is_lost_is_still_accepted_and_nothing_is_queued_again() -> None:
    Story().run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna transfers c1 to agent ben         | transfer asked c1; offer c1-o2 ben 30s transfer; done; ben offered 33
           3.0 | anna closes                            | session s-anna lost
          14.0 | ben accepts c1                         | session s-anna ended lost; status anna away lost; anna offline 33;
               |                                        | accepted c1-o2 ben; transferred c1; active c1 ben; > here is ben; idle anna;
               |                                        | done; anna offline 0; ben busy 33
         100.0 |                                        |
    """)


def test_a_waiting_transfer_comes_back_when_its_agent_misses_a_call() -> None:
    Story().run("""
           0.0 | the floor: anna ben                                            |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1                         | created c1; routed c1 main; said c1; identified c1 cu1;
               |                                                                | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                                                | accepted c1-o1 anna; active c1 anna; > here is anna; done;
               |                                                                | anna busy 33
           2.0 | v1 by voice, v1 is cu2, anna transfers c1 to agent ben waiting | created v1; routed v1 main; said v1; identified v1 cu2;
               |                                                                | queued v1 identified; offer v1-o1 ben 20s; ben offered 100;
               |                                                                | transfer asked c1; done
          22.0 |                                                                | expired v1-o1 ben 1; queued v1 expired;
               |                                                                | status ben away missed; transfer over c1 agent_away;
               |                                                                | ben not_ready 0
    """)


def test_a_waiting_transfer_comes_back_when_its_agent_is_archived() -> None:
    Story(gone=(person("ben", is_archived=True),)).run("""
           0.0 | the floor: anna ben                          |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1       | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                              | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                              | > here is anna; done; anna busy 33
           2.0 | v1 by voice, v1 is cu2                       | created v1; routed v1 main; said v1; identified v1 cu2;
               |                                              | queued v1 identified; offer v1-o1 ben 20s; ben offered 100
           3.0 | anna transfers c1 to agent ben waiting       | transfer asked c1; done
           4.0 | ben closes, the set gone                     | session s-ben lost; applied 2; withdrawn v1-o1 ben configuration;
               |                                              | queued v1 withdrawn; transfer over c1 agent_away; ben not_ready 0
    """)
