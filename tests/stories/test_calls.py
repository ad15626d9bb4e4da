"""Calls: called back, sent outside, supervised, recorded. routing.md, "Waiting customers" and "Transfer, consult"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import Callbacks
from standardiste.common.testing.builders import person, queue


def calling(*more: object) -> Story:
    """Anna talks to v1."""
    made = Story(*more)  # type: ignore[arg-type]  # entities
    made.line(0.0, "the floor: anna")
    made.line(1.0, "v1 by voice, v1 is cu1, anna accepts v1")
    made.line(2.0, "media of v1 connects")
    return made


def test_a_callback_keeps_its_place_in_the_same_queue() -> None:
    calling().run("""
           3.0 | v2 by voice, v2 is cu2         | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified
           4.0 | v3 by voice, v3 is cu3         | created v3; routed v3 main; said v3; identified v3 cu3; queued v3 identified
           5.0 | v2 asks to be called back      | callback v2
           6.0 | v2 hangs up                    |
           7.0 | media of v1 ends, anna ends v1 | left v1; wrapping v1; anna wrapping 100; closed v1 handled; idle anna; done;
               |                                | offer v2-o1 anna 20s; anna offered 100
           8.0 | anna accepts v2                | accepted v2-o1 anna; connecting v2 anna; > call for anna; done; anna busy 100
          12.0 | media of v2 connects           | active v2 anna; tried v2 1 reached
          20.0 | media of v2 ends               | left v2; wrapping v2; anna wrapping 100
    """)


def test_a_customer_not_reached_is_tried_three_times_more_at_fifteen_minutes_and_keeps_his_age() -> None:
    Story(queue("main", callbacks=Callbacks(is_agent_first=False))).run("""
           0.0 | v1 by voice, v1 is cu1, v1 asks to be called back | created v1; routed v1 main; said v1; identified v1 cu1;
               |                                                   | queued v1 identified; callback v1
           1.0 | the floor: anna, anna accepts v1                  | offer v1-o1 anna 20s; accepted v1-o1 anna;
               |                                                   | connecting v1 anna; > call for anna, the customer first;
               |                                                   | done; anna busy 100
           9.0 | media of v1 fails                                 | media failed v1-o1 anna; tried v1 1 again;
               |                                                   | disowned v1 media_failed; queued v1 callback; anna ready 0
         910.0 | anna accepts v1                                   | queued v1 callback; offer v1-o2 anna 20s; anna offered 100;
               |                                                   | accepted v1-o2 anna; connecting v1 anna;
               |                                                   | > call for anna, the customer first; done; anna busy 100
         940.0 |                                                   | media failed v1-o2 anna; tried v1 2 again;
               |                                                   | disowned v1 media_failed; queued v1 callback; anna ready 0
        1841.0 | anna accepts v1, media of v1 fails                | queued v1 callback; offer v1-o3 anna 20s; anna offered 100;
               |                                                   | accepted v1-o3 anna; connecting v1 anna;
               |                                                   | > call for anna, the customer first; done; anna busy 100;
               |                                                   | media failed v1-o3 anna; tried v1 3 again;
               |                                                   | disowned v1 media_failed; queued v1 callback; anna ready 0
        2742.0 | anna accepts v1, media of v1 fails                | queued v1 callback; offer v1-o4 anna 20s; anna offered 100;
               |                                                   | accepted v1-o4 anna; connecting v1 anna;
               |                                                   | > call for anna, the customer first; done; anna busy 100;
               |                                                   | media failed v1-o4 anna; tried v1 4 given up;
               |                                                   | closed v1 failed; anna ready 0
    """)


def test_a_callback_whose_agent_does_not_pick_up_is_no_try_and_goes_to_another_at_once() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1, v1 asks to be called back | created v1; routed v1 main; said v1; identified v1 cu1;
               |                                                   | queued v1 identified; callback v1
           1.0 | the floor: anna, anna accepts v1                  | offer v1-o1 anna 20s; accepted v1-o1 anna;
               |                                                   | connecting v1 anna; > call for anna; done; anna busy 100
           2.0 | the floor: ben                                    |
           9.0 | media of v1 fails for the agent                   | media failed v1-o1 anna; disowned v1 media_failed;
               |                                                   | queued v1 media_failed; offer v1-o2 ben 20s; anna ready 0;
               |                                                   | ben offered 100
    """)


def test_a_callback_whose_agent_is_lost_before_anybody_answered_is_no_try() -> None:
    Story().run("""
             0.0 | v1 by voice, v1 is cu1               | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
             1.0 | v1 asks to be called back            | callback v1
             2.0 | the floor: anna ben, anna accepts v1 | offer v1-o1 anna 20s; accepted v1-o1 anna; connecting v1 anna; > call for anna; done;
                 |                                      | anna busy 100
             3.0 | anna closes                          | session s-anna lost
            40.0 |                                      | session s-anna ended lost; status anna away lost; anna offline 100;
                 |                                      | media failed v1-o1 anna; disowned v1 media_failed; queued v1 media_failed;
                 |                                      | offer v1-o2 ben 20s; anna offline 0; ben offered 100
    """)


def test_a_callback_with_a_date_is_hidden_until_then() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1          | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           1.0 | v1 asks to be called back at 60 | callback v1
           2.0 | the floor: anna                 |
           3.0 | anna asks why v1                | explained not_before:1 not_signed_in:1; done
           4.0 | a restart                       | router resumed
          60.0 |                                 | queued v1 callback; offer v1-o1 anna 20s; anna offered 100
    """)


def test_a_callback_that_was_assigned_and_not_accepted_takes_its_place_at_its_date() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1          | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           1.0 | v1 asks to be called back at 60 | callback v1
           2.0 | the floor: anna sam             |
          50.0 | sam assigns v1 to anna          | offer v1-o1 anna 20s; done; anna offered 100
          60.0 |                                 | withdrawn v1-o1 anna superseded; queued v1 callback; offer v1-o2 anna 20s
    """)


def test_a_callback_that_was_reached_before_its_date_waits_no_longer_for_it() -> None:
    calling().run("""
           3.0 | anna will call v1 back at 9000  | > release all; disowned v1 callback; idle anna; callback v1; routed v1 main;
               |                                 | queued v1 callback; done; anna ready 0
           4.0 | anna pulls v1                   | connecting v1 anna; > call for anna; done; anna busy 100
           5.0 | media of v1 connects            | active v1 anna; tried v1 1 reached
           6.0 | anna transfers v1 to queue main | transferred v1; disowned v1 transferred; idle anna;
               |                                 | routed v1 main by transfer; queued v1 transferred; > release agent;
               |                                 | > music main; done; offer v1-o2 anna 20s; anna offered 100
    """)


def test_a_callback_that_was_tried_before_its_date_is_as_old_as_that_try() -> None:
    calling(queue("main", callbacks=Callbacks(retry_after_ms=20_000))).run("""
           3.0 | anna will call v1 back at 9000 | > release all; disowned v1 callback; idle anna; callback v1; routed v1 main; queued v1 callback; done;
               |                                | anna ready 0
           4.0 | anna pulls v1                  | connecting v1 anna; > call for anna; done; anna busy 100
           5.0 | media of v1 fails              | media failed v1-p9 anna; tried v1 1 again; disowned v1 media_failed; queued v1 callback; anna ready 0
           6.0 | anna chooses away              | status anna away chosen; done; anna not_ready 0
           9.0 | v2 by voice, v2 is cu2         | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified
          30.0 | anna chooses ready             | queued v1 callback; status anna ready chosen; idle anna; done; offer v1-o2 anna 20s; anna offered 100
    """)


def test_a_hang_up_that_is_told_while_a_callback_is_tried_takes_nothing_from_it() -> None:
    call = "a05f5bbbbd3eb88a6f0c97ad7"
    Story().run(f"""
           0.0 | the floor: anna                    |
           1.0 | anna opens by voice                | asked; opened anna; connecting {call} anna; > call for anna; done;
               |                                    | anna busy 100
           2.0 | media of {call} connects           | active {call} anna
           3.0 | anna will call {call} back at 60   | > release all; disowned {call} callback; idle anna; callback {call};
               |                                    | routed {call} main; queued {call} callback; done; anna ready 0
          60.0 | anna accepts {call}                | queued {call} callback; offer {call}-o1 anna 20s; anna offered 100;
               |                                    | accepted {call}-o1 anna; connecting {call} anna; > call for anna; done;
               |                                    | anna busy 100
          61.0 | {call} hangs up                    |
          62.0 | media of {call} connects           | active {call} anna; tried {call} 1 reached
          70.0 | media of {call} ends               | left {call}; wrapping {call}; anna wrapping 100
    """)


def test_of_callbacks_for_one_moment_the_first_in_the_queue_is_called_first() -> None:
    Story().run("""
           0.0 | v2 by voice, v2 is cu2          | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified
           1.0 | v1 by voice, v1 is cu1          | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           2.0 | v1 asks to be called back at 60 | callback v1
           2.0 | v2 asks to be called back at 60 | callback v2
           3.0 | the floor: anna                 |
          60.0 |                                 | queued v1 callback; queued v2 callback; offer v2-o1 anna 20s; anna offered 100
    """)


def test_a_callback_whose_date_came_while_nothing_ran_goes_before_what_is_behind_it() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1          | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           1.0 | v1 asks to be called back at 62 | callback v1
           2.0 | the floor: anna                 |
          31.0 | c1 by chat, c1 is cu2           | created c1; routed c1 main; said c1; identified c1 cu2; queued c1 identified;
               |                                 | offer c1-o1 anna 30s; anna offered 33
          64.0 | a restart after 32 s            | router resumed; queued v1 callback; withdrawn c1-o1 anna agent_lost;
               |                                 | queued c1 withdrawn; offer v1-o1 anna 20s; position c1 1; > position 1;
               |                                 | anna offered 100
    """)


def test_a_message_of_the_moment_of_a_callback_does_not_go_before_it() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1          | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           1.0 | v1 asks to be called back at 61 | callback v1
           2.0 | the floor: anna                 |
          61.0 | c1 by chat, c1 is cu2           | created c1; routed c1 main; said c1; queued v1 callback; offer v1-o1 anna 20s;
               |                                 | anna offered 100; identified c1 cu2; queued c1 identified; position c1 1; > position 1
    """)


def test_an_offered_caller_who_asks_to_be_called_back_is_offered_as_a_callback() -> None:
    Story().run("""
           0.0 | the floor: anna           |
           1.0 | v1 by voice, v1 is cu1    | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                           | offer v1-o1 anna 20s; anna offered 100
           2.0 | v1 asks to be called back | withdrawn v1-o1 anna superseded; callback v1; queued v1 callback;
               |                           | offer v1-o2 anna 20s; anna offered 100
           3.0 | anna accepts v1           | accepted v1-o2 anna; connecting v1 anna; > call for anna; done; anna busy 100
    """)


def test_an_agent_calls_back_later_herself_or_whoever_is_free() -> None:
    calling(person("ben")).run("""
           3.0 | anna will call v1 back at 1           | no: wrong_state
           4.0 | anna will call v1 back at 60 herself  | > release all; disowned v1 callback; idle anna; callback v1 by anna;
               |                                       | routed v1 main; queued v1 callback; done; anna ready 0
           5.0 | the floor: ben                        |
          60.0 |                                       | queued v1 callback for anna; offer v1-o2 anna 20s; anna offered 100
          61.0 | anna accepts v1, media of v1 connects | accepted v1-o2 anna; connecting v1 anna; > call for anna; done;
               |                                       | anna busy 100; active v1 anna; tried v1 1 reached
          70.0 | anna will call v1 back at 90          | > release all; disowned v1 callback; idle anna; callback v1;
               |                                       | routed v1 main; queued v1 callback; done; anna ready 0
          80.0 | ben cancels the callback v1           | no: not_allowed
          81.0 | anna cancels the callback v1          | closed v1 handled; done
    """)


def test_a_call_is_sent_outside_blind_and_its_owner_has_it_until_it_has_gone() -> None:
    calling().run("""
           3.0 | anna transfers v1 to number +33199 | transferred v1; > send on to +33199; done
           5.0 | media of v1 ends                   | left v1; wrapping v1; anna wrapping 100
    """)


def test_digits_and_recording() -> None:
    calling().run("""
           3.0 | anna dials v1 12#       | > digits 12#; done
           4.0 | anna dials v1 hello     | no: malformed
           5.0 | anna stops recording v1 | recording v1 off; > record off; done
           6.0 | anna records v1         | recording v1 on; > record on; done
           7.0 | ben records v1          | no: no_session
    """)


def test_what_a_call_cannot_do_is_said_and_its_recording_is_as_it_was() -> None:
    calling().run("""
            3.0 | anna records v1                      | recording v1 on; > record on; done
            4.0 | the channel refuses record of v1     | refused v1 record why; recording v1 off
            5.0 | anna dials v1 1                      | > digits 1; done
            6.0 | the channel refuses digits of v1     | refused v1 digits why
            7.0 | the channel refuses record of nobody |
    """)


def test_a_supervisor_listens_coaches_steps_in_and_leaves() -> None:
    calling(person("sam")).run("""
           3.0 | sam signs in                     | session s-sam; idle sam; sam not_ready 0; snapshot 0+0
           4.0 | sam listens to v1                | supervised v1 sam listen; > sam listen; done
           5.0 | sam coaches v1                   | supervised v1 sam coach; > sam coach; done
           6.0 | sam steps into v1                | supervised v1 sam step_in; > sam step_in; done
           7.0 | anna listens to v1               | no: not_allowed
           8.0 | sam leaves v1                    | supervised v1 sam end; > sam end; done
           9.0 | sam leaves v1                    | no: wrong_state
          10.0 | sam listens to v1, sam signs out | supervised v1 sam listen; > sam listen; done; session s-sam ended signed_out;
               |                                  | supervised v1 sam end; > sam end; sam offline 0
    """)


def test_a_callback_an_agent_keeps_for_herself_is_hers_at_the_next_try_too() -> None:
    calling(queue("main", callbacks=Callbacks(retry_after_ms=100_000)), person("ben")).run("""
           4.0 | anna will call v1 back at 60 herself | > release all; disowned v1 callback; idle anna; callback v1 by anna; routed v1 main;
               |                                      | queued v1 callback; done; anna ready 0
          50.0 | the floor: ben                       |
          61.0 | anna accepts v1                      | queued v1 callback for anna; offer v1-o2 anna 20s; anna offered 100; accepted v1-o2 anna;
               |                                      | connecting v1 anna; > call for anna; done; anna busy 100
          62.0 | media of v1 fails                    | media failed v1-o2 anna; tried v1 1 again; disowned v1 media_failed; queued v1 callback;
               |                                      | anna ready 0
         162.0 |                                      | queued v1 callback for anna; offer v1-o3 anna 20s; anna offered 100
    """)


def test_who_is_preferred_is_not_tried_before_the_date_of_a_callback_but_at_it() -> None:
    calling(person("ben")).run("""
           3.0 | v2 by voice, v2 is cu2 preferring anna | created v2; routed v2 main; said v2; identified v2 cu2; routed v2 main;
               |                                        | queued v2 identified for anna
           4.0 | v2 asks to be called back at 200       | callback v2
           5.0 | the floor: ben                         |
         100.0 | anna asks why v2                       | explained not_before:2; done
         110.0 | media of v1 ends, anna ends v1         | left v1; wrapping v1; anna wrapping 100; closed v1 handled; idle anna; done; anna ready 0
         200.0 |                                        | queued v2 callback for anna; offer v2-o1 anna 20s; anna offered 100
    """)


def test_who_supervises_stops_when_nobody_has_it_any_more() -> None:
    calling(person("sam"), person("ben")).run("""
           3.0 | sam signs in                         | session s-sam; idle sam; sam not_ready 0; snapshot 0+0
           4.0 | sam listens to v1, anna chooses away | supervised v1 sam listen; > sam listen; done; status anna ready then away chosen; done;
               |                                      | anna busy 100
           5.0 | anna transfers v1 to queue main      | transferred v1; supervised v1 sam end; > sam end; disowned v1 transferred; idle anna;
               |                                      | status anna away work_ended; routed v1 main by transfer; queued v1 transferred; > release agent;
               |                                      | > music main; done; anna not_ready 0
           6.0 | the floor: ben                       | offer v1-o2 ben 20s
           7.0 | ben accepts v1, media of v1 connects | accepted v1-o2 ben; connecting v1 ben; > connect ben; done; ben busy 100; active v1 ben
           8.0 | sam leaves v1                        | no: wrong_state
           9.0 | sam coaches v1                       | supervised v1 sam coach; > sam coach; done
    """)


def test_who_supervises_stays_when_it_goes_from_one_agent_to_the_next() -> None:
    calling(person("sam"), person("ben")).run("""
           3.0 | sam signs in                                   | session s-sam; idle sam; sam not_ready 0; snapshot 0+0
           4.0 | sam listens to v1, the floor: ben              | supervised v1 sam listen; > sam listen; done
           5.0 | anna transfers v1 to agent ben, ben accepts v1 | transfer asked v1; offer v1-o2 ben 20s transfer; done; ben offered 100;
               |                                                | accepted v1-o2 ben; transferred v1; > release agent; connecting v1 ben; > connect ben;
               |                                                | idle anna; done; anna ready 0; ben busy 100
           6.0 | media of v1 connects                           | active v1 ben
           8.0 | sam leaves v1                                  | supervised v1 sam end; > sam end; done
    """)
