"""Contacts: identified, joined, merged, linked, repeated, abandoned, returned, away. routing.md, "Life of an interaction"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import Rule, RuleSet
from standardiste.common.events.model import Channel, ChannelAddressId, QueueId, WrapUpMode
from standardiste.common.testing.builders import TENANT, channel_address, queue
from standardiste.router.engine import Engine
from standardiste.router.kit import STANDARD

RULES = RuleSet(
    id="main",
    change_set=1,
    rules=(
        Rule(name="vip", when='"vip" in customer.labels', queue=QueueId("vip"), priority=3),
        Rule(name="bill", when='contact.text.contains("bill")', queue=QueueId("billing")),
        Rule(name="broken", when="contact.attributes.nothing == 1", queue=QueueId("billing")),
    ),
)
QUEUES = (queue("vip"), queue("billing"))


def test_identification_never_delays() -> None:
    Story().run("""
           0.0 | the floor: anna |
           1.0 | m1 by email     | created m1; routed m1 main; said m1
           1.4 |                 |
           1.5 |                 | queued m1 arrived; offer m1-o1 anna 120s; anna offered 20
           9.0 | m1 is cu1       | identified m1 cu1
    """)


def test_rules_run_at_arrival_and_again_when_the_customer_is_known() -> None:
    Story(RULES, *QUEUES).run("""
           1.0 | m1 by email saying my bill | created m1; routed m1 billing by bill; said m1
           1.2 | m1 is cu1: vip             | identified m1 cu1; routed m1 vip by vip; queued m1 identified
           2.0 | m2 by email saying my bill | created m2; routed m2 billing by bill; said m2
           2.5 |                            | queued m2 arrived
           3.0 | m2 is cu2: vip             | identified m2 cu2; routed m2 vip by vip; queued m2 identified
           4.0 | m3 by email saying hello   | created m3; rule failed broken; routed m3 main; said m3
           4.1 | m3 is cu3                  | identified m3 cu3; queued m3 identified
    """)


def test_rules_run_anew_at_identification_whether_or_not_the_router_was_restarted() -> None:
    Story(RULES, *QUEUES).run("""
           1.0 | m1 by email saying my bill | created m1; routed m1 billing by bill; said m1
           1.1 | a restart                  | router resumed
           1.2 | m1 is cu1: vip             | identified m1 cu1; routed m1 vip by vip; queued m1 identified
           2.0 | m2 by email saying my bill | created m2; routed m2 billing by bill; said m2
           2.5 | a restart                  | router resumed; queued m2 arrived
           3.0 | m2 is cu2: vip             | identified m2 cu2; routed m2 vip by vip; queued m2 identified
    """)


def test_a_contact_on_an_unknown_or_archived_address_is_routed_and_loses_nothing() -> None:
    gone = channel_address(Channel.EMAIL, id=ChannelAddressId("old"), queue=QueueId("vip"), is_archived=True)
    Story(RULES, *QUEUES, gone).run("""
           1.0 | m1 by email on nowhere                   | created m1; rule failed broken;
               |                                          | routed m1 main by unknown_channel_address; said m1
           1.1 | m1 is cu1                                | identified m1 cu1; queued m1 identified
           2.0 | m2 by email on old, m2 is cu2            | created m2; rule failed broken;
               |                                          | routed m2 main by unknown_channel_address; said m2; identified m2 cu2;
               |                                          | queued m2 identified
           3.0 | m3 by email on old to billing, m3 is cu3 | created m3; rule failed broken;
               |                                          | routed m3 billing by unknown_channel_address; said m3;
               |                                          | identified m3 cu3; queued m3 identified
           4.0 | m4 by email on old saying my bill        | created m4; routed m4 billing by bill; said m4
    """)


def test_a_rule_that_errs_does_not_match_and_is_named() -> None:
    Story(RULES, *QUEUES).run("""
           1.0 | m1 by email saying hello | created m1; rule failed broken; routed m1 main; said m1
    """)


def test_identification_after_an_accept_changes_the_customer_only() -> None:
    Story(RULES, *QUEUES).run("""
           0.0 | the floor: anna            |
           1.0 | m1 by email saying my bill | created m1; routed m1 billing by bill; said m1
           1.5 |                            | queued m1 arrived; offer m1-o1 anna 120s; anna offered 20
           2.0 | anna accepts m1            | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           3.0 | m1 is cu1: vip             | identified m1 cu1
    """)


def test_a_repeat_changes_nothing_live_or_closed() -> None:
    Story(queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna                        |
           1.0 | m1 by email, m1 is cu1                 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                        | offer m1-o1 anna 120s; anna offered 20
           2.0 | m1 by email                            | repeated m1
           3.0 | anna accepts m1, anna completes m1     | accepted m1-o1 anna; active m1 anna; done; anna busy 20; closed m1 handled;
               |                                        | idle anna; done; anna ready 0
           4.0 | m1 by email                            | repeated m1
           5.0 | m2 by email, m2 is cu1 in c2: a repeat | created m2; routed m2 main; said m2; closed m2 repeat
    """)


def test_a_contact_that_comes_marked_is_closed_at_once_and_offered_to_nobody() -> None:
    Story().run("""
           0.0 | the floor: anna            |
           1.0 | m1 by email marked spam    | created m1; routed m1 main; said m1; closed m1 spam
           1.1 | m1 is cu1                  |
           2.0 | m1 by email                | repeated m1
           3.0 | m2 by sms marked flood     | created m2; routed m2 main; said m2; closed m2 flood
    """)


def test_what_nobody_at_work_wrote_is_sent_or_told() -> None:
    Story().run("""
           1.0 | m1 by email, m1 is cu1           | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified
           1.1 | m1 is acknowledged               | message ms_m1-ack customer; > deliver ms_m1-ack
           2.0 | m1 is answered outside           | message ms_m1-outside customer
           3.0 | m9 is answered outside           | message ms_m9-outside customer
           4.0 | m9 is acknowledged               |
    """)


def test_a_blocked_sender_is_closed() -> None:
    Story().run("""
           1.0 | m1 by email, m1 is cu1: blocked | created m1; routed m1 main; said m1; identified m1 cu1; closed m1 blocked
    """)


def test_a_further_contact_of_a_live_conversation_joins() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | c2 by chat in c1                       | joined c1; said c1
           3.0 | c2 is cu1 in c1                        |
    """)


def test_a_message_during_wrap_up_makes_it_active_again_and_the_old_end_is_refused_by_name() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | anna completes c1                      | wrapping c1; done; anna wrapping 33
           3.0 | c2 by chat in c1                       | joined c1; said c1; reopened c1; anna busy 33
           3.0 | anna ends c1@4                         | no: new_message
           4.0 | anna completes c1, anna ends c1        | wrapping c1; done; anna wrapping 33; closed c1 handled; > ended; idle anna;
               |                                        | done; anna ready 0
    """)


def test_two_mails_of_one_conversation_merge_and_the_earlier_age_counts() -> None:
    Story().run("""
           1.0 | m1 by email                      | created m1; routed m1 main; said m1
           1.1 | m2 by email                      | created m2; routed m2 main; said m2
           1.2 | m1 is cu1 in t1, m2 is cu1 in t1 | identified m1 cu1; queued m1 identified; identified m2 cu1; merged m2 into m1;
               |                                  | closed m2 merged; said m1
           2.0 | the floor: anna                  | offer m1-o1 anna 120s
           3.0 | anna accepts m1                  | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           9.0 | m3 by email, m3 is cu1 in t1     | created m3; routed m3 main; said m3; identified m3 cu1; merged m3 into m1;
               |                                  | closed m3 merged; said m1
    """)


def test_two_that_are_both_with_agents_stay_and_are_linked() -> None:
    Story().run("""
           0.0 | the floor: anna ben              |
           1.0 | m1 by email                      | created m1; routed m1 main; said m1
           1.1 | m2 by email                      | created m2; routed m2 main; said m2
           1.7 | anna accepts m1                  | queued m1 arrived; offer m1-o1 anna 120s; anna offered 20; queued m2 arrived;
               |                                  | offer m2-o1 ben 120s; ben offered 20; accepted m1-o1 anna; active m1 anna; done;
               |                                  | anna busy 20
           1.8 | ben accepts m2                   | accepted m2-o1 ben; active m2 ben; done; ben busy 20
           2.0 | m1 is cu1 in t1, m2 is cu1 in t1 | identified m1 cu1; identified m2 cu1; linked m2 m1
    """)


def test_a_caller_who_hangs_up_while_offered_is_abandoned_and_no_longer_offered() -> None:
    """Others keep offering a caller who left."""
    Story().run("""
           0.0 | the floor: anna        |
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                        | offer v1-o1 anna 20s; anna offered 100
           3.0 | v1 hangs up            | withdrawn v1-o1 anna customer_left; closed v1 short_abandoned; anna ready 0
           3.1 | anna accepts v1-o1     | no: offer_ended
          10.0 | v2 by voice, v2 is cu2 | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified;
               |                        | offer v2-o1 anna 20s; anna offered 100
          16.0 | v2 hangs up            | withdrawn v2-o1 anna customer_left; closed v2 abandoned; anna ready 0
    """)


def test_a_caller_who_hangs_up_while_media_is_set_up_is_abandoned() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           9.0 | v1 hangs up                             | > release all; closed v1 abandoned; anna ready 0
    """)


def test_an_abandoned_customer_who_returns_within_a_minute_keeps_his_age() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1       | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           5.0 | w1 by voice, w1 is cu2       | created w1; routed w1 main; said w1; identified w1 cu2; queued w1 identified
          30.0 | v1 hangs up                  | closed v1 abandoned
          60.0 | v2 by voice, v2 is cu1       | created v2; routed v2 main; said v2; identified v2 cu1; linked v2 v1; routed v2 main;
               |                              | queued v2 identified
          61.0 | the floor: anna              | offer v2-o1 anna 20s
          62.0 | v3 by voice, v3 is cu1 in v9 | created v3; routed v3 main; said v3; identified v3 cu1; queued v3 identified
    """)


def test_a_chat_customer_who_reloads_is_neither_left_nor_new_and_ten_minutes_away_close() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | c1 is gone                             | gone c1
           3.0 | c1 returns                             | back c1
           4.0 | c1 is gone                             | gone c1
         604.0 |                                        | closed c1 customer_away; > ended; idle anna; anna ready 0
    """)


def test_a_chat_customer_who_goes_while_nobody_has_him_is_abandoned() -> None:
    Story().run("""
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified; position c1 1;
               |                       | > position 1
          20.0 | c1 is gone            | closed c1 abandoned; > ended
    """)


def test_parked_mail_comes_back_to_its_agent_first_as_old_as_the_return() -> None:
    Story().run("""
           0.0 | the floor: anna ben                           |
           1.0 | m1 by email, m1 is cu1 in t1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1;
               |                                               | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                               | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           2.0 | anna parks m1                                 | parked m1; idle anna; done; anna ready 0
         100.0 | m2 by email, m2 is cu1 in t1                  | created m2; routed m2 main; said m2; identified m2 cu1;
               |                                               | merged m2 into m1; closed m2 merged; said m1; routed m1 main;
               |                                               | queued m1 unparked for anna; offer m1-o2 anna 120s; anna offered 20
         101.0 | anna accepts m1                               | accepted m1-o2 anna; active m1 anna; done; anna busy 20
    """)


def test_parked_mail_comes_back_at_its_date_or_when_taken_back() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | anna parks m1 until 1                   | no: wrong_state
           3.0 | anna parks m1 until 60                  | parked m1; idle anna; done; anna ready 0
          60.0 | anna accepts m1                         | no: offer_ended; routed m1 main; queued m1 unparked for anna;
               |                                         | offer m1-o2 anna 120s; anna offered 20
          61.0 | anna parks m1                           | no: not_owner
          62.0 | ben unparks m1                          | no: no_session
          63.0 | anna unparks m1                         | no: wrong_state
    """)


def test_a_voicemail_waits_as_work_though_the_caller_is_gone() -> None:
    Story().run("""
           0.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
           5.0 | v1 leaves a voicemail  | voicemail v1
           6.0 | v1 hangs up            |
           7.0 | the floor: anna        | offer v1-o1 anna 20s
           8.0 | anna accepts v1        | accepted v1-o1 anna; active v1 anna; done; anna busy 100
    """)


def test_unknown_tenant_is_undeliverable() -> None:
    story = Story()
    story.engine = Engine(TENANT, STANDARD)
    story.run("""
           0.0 | m1 by email        | undeliverable unknown_tenant
           1.0 | anna chooses ready | no: no_session
    """)
