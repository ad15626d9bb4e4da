"""Who writes, leaves or comes back while his interaction lives, in every state. routing.md, "Life of an interaction"."""

from __future__ import annotations

from stories.story import Story


def test_joining_leaves_every_state_up_to_held_as_it_is() -> None:
    """Two first messages at the same moment open one."""
    Story().run("""
           1.0 | c1 by chat, c2 by chat in c1      | created c1; routed c1 main; said c1; joined c1; said c1
           1.5 | c3 by chat in c1                  | joined c1; said c1; queued c1 arrived; position c1 1; > position 1
           2.0 | the floor: anna, c4 by chat in c1 | offer c1-o1 anna 30s; joined c1; said c1
           3.0 | anna accepts c1, c5 by chat in c1 | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33; joined c1; said c1
           4.0 | anna holds c1, c6 by chat in c1   | held c1; done; joined c1; said c1
           5.0 | anna resumes c1                   | resumed c1; done
    """)


def test_a_waiting_chat_customer_who_says_goodbye_is_abandoned() -> None:
    Story().run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified; offer c1-o1 anna 30s;
               |                       | anna offered 33
           3.0 | c1 says goodbye       | withdrawn c1-o1 anna customer_left; closed c1 short_abandoned; > ended; anna ready 0
           4.0 | c1 by chat            | repeated c1
    """)


def test_an_abandoned_customer_who_returns_after_a_minute_or_on_another_channel_is_new() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
          20.0 | v1 hangs up            | closed v1 abandoned
          79.9 | m1 by email, m1 is cu1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified
          80.0 | v2 by voice, v2 is cu1 | created v2; routed v2 main; said v2; identified v2 cu1; queued v2 identified
    """)
