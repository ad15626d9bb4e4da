"""A filter of a queue that is asked of agent after agent: fresh_eyes. routing.md, "Cost": it is asked from the head of a line on until one passes."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.testing.builders import queue


def test_who_had_it_is_not_offered_it_again_though_free() -> None:
    Story(queue("review", filters=("fresh_eyes",))).run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified; offer
               |                                        | c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna; > here is anna;
               |                                        | done; anna busy 33
           2.0 | c2 by chat, c2 is cu2, ben accepts c2  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified; offer
               |                                        | c2-o1 ben 30s; ben offered 33; accepted c2-o1 ben; active c2 ben; > here is ben; done;
               |                                        | ben busy 33
           3.0 | anna transfers c1 to queue review      | transferred c1; disowned c1 transferred; idle anna; routed c1 review by transfer;
               |                                        | queued c1 transferred; done; offer c1-o2 ben 30s; anna ready 0; ben busy 66
    """)


def test_who_had_the_first_is_offered_the_next_and_the_first_waits_for_another() -> None:
    Story(queue("review", filters=("fresh_eyes",))).run("""
           0.0 | the floor: anna                                  |
           1.0 | c1 by chat to review, c1 is cu1, anna accepts c1 | created c1; routed c1 review; said c1; identified c1 cu1; queued c1
               |                                                  | identified; offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna;
               |                                                  | active c1 anna; > here is anna; done; anna busy 33
           2.0 | anna transfers c1 to queue review                | transferred c1; disowned c1 transferred; idle anna; routed c1 review by
               |                                                  | transfer; queued c1 transferred; done; position c1 1; > position 1; anna
               |                                                  | ready 0
           3.0 | c2 by chat to review, c2 is cu2, anna accepts c2 | created c2; routed c2 review; said c2; identified c2 cu2; queued c2
               |                                                  | identified; offer c2-o1 anna 30s; anna offered 33; accepted c2-o1 anna;
               |                                                  | active c2 anna; > here is anna; done; anna busy 33
           4.0 | anna asks why c1                                 | explained waits_before_it:0 fresh_eyes:1 not_signed_in:1; done
           5.0 | anna pulls c1                                    | no: not_allowed
           7.0 | ben signs in ready                               | session s-ben; idle ben; ben not_ready 0; snapshot 0+0; status ben ready
               |                                                  | chosen; idle ben; done; offer c1-o2 ben 30s; ben offered 33
    """)
