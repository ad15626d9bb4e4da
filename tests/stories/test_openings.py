"""Beginning towards a customer: rights, block, permission and capacity. routing.md, "An agent or the API may open an interaction"."""

from __future__ import annotations

from stories.story import Story, told

from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.directory import AgentProfile, ChannelAddress, RightGrant
from standardiste.common.events.model import CampaignId, Channel, ChannelAddressId, CommandId, ProfileId, QueueId, SponsorId
from standardiste.common.testing.builders import channel_address, content, person, queue


def second_address(**fields: object) -> ChannelAddress:
    return channel_address(Channel.EMAIL, id=ChannelAddressId("other"), address="other@example.com", **fields)


def test_an_opening_waits_for_its_examination_and_names_the_customer() -> None:
    Story().run("""
           0.0 | the floor: anna                     |
           1.0 | anna asks to open by sms            | asked
           1.2 | the opening may be made to cu1 in s | opened anna; message a05f5bbbbd3eb88a6f0c97ad7-m1 customer;
               |                                     | > deliver a05f5bbbbd3eb88a6f0c97ad7-m1; done; anna busy 25
    """)


def test_blocked_opted_out_and_not_permitted_are_refused_by_name() -> None:
    Story().run("""
           0.0 | the floor: anna                                                               |
           1.0 | anna asks to open by sms, the opening may not be made: blocked                | asked; no: blocked
           2.0 | anna asks to open by sms, the opening may not be made: opted_out              | asked; no: opted_out
           3.0 | anna asks to open by sms, the opening may not be made: not_permitted_now      | asked; no: not_permitted_now
           4.0 | anna asks to open by sms, the opening may not be made: a_reason_of_tomorrow   | asked; no: not_permitted_now
    """)


def test_no_word_within_two_seconds_is_a_no() -> None:
    Story().run("""
           0.0 | the floor: anna          |
           1.0 | anna asks to open by sms | asked
           3.0 |                          | no: permission_unknown
           3.5 | the opening may be made  |
    """)


def test_a_restart_in_between_loses_nothing() -> None:
    Story().run("""
           0.0 | the floor: anna          |
           1.0 | anna asks to open by sms | asked
           1.5 | a restart                | router resumed
           1.6 | the opening may be made  | opened anna; message a05f5bbbbd3eb88a6f0c97ad7-m1 customer;
               |                          | > deliver a05f5bbbbd3eb88a6f0c97ad7-m1; done; anna busy 25
           5.0 | anna asks to open by sms | asked
           5.5 | a restart                | router resumed
           8.0 |                          | no: permission_unknown
    """)


def test_asked_twice_it_is_opened_once() -> None:
    story = Story()
    story.say("the floor: anna")
    asked = OpenInteraction(
        actor=story.actor("anna"),
        channel=Channel.SMS,
        channel_address=ChannelAddressId("sms"),
        address="+33600000000",
        content=content("oui"),
    )
    story.asked = (CommandId("k1"), asked)
    went = [
        [told(each) for each in events]
        for events in (story.send(asked, "k1"), story.send(asked, "k1"), story.say("the opening may be made"))
    ]
    assert went[:2] == [["asked"], []]
    assert "done" in went[2]
    assert [told(each) for each in story.send(asked, "k1")] == ["done"]
    assert [told(each) for each in story.say("the opening may be made")] == []


def test_what_changed_meanwhile_is_checked_anew() -> None:
    Story().run("""
           0.0 | the floor: anna                          |
           1.0 | anna asks to open by voice               | asked
           1.1 | v1 by voice, v1 is cu1                   | created v1; routed v1 main; said v1; identified v1 cu1;
               |                                          | queued v1 identified; offer v1-o1 anna 20s; anna offered 100
           1.2 | the opening may be made                  | no: over_capacity
           2.0 | anna declines v1, anna chooses away      | declined v1-o1 anna; queued v1 declined; done; anna ready 0;
               |                                          | status anna away chosen; done; anna not_ready 0
           3.0 | anna asks to open by sms, anna signs out | asked; session s-anna ended signed_out; anna offline 0
           3.1 | the opening may be made                  | no: no_session
    """)


def test_the_customer_wrote_meanwhile() -> None:
    Story().run("""
           0.0 | the floor: anna                                          |
           1.0 | anna asks to open by sms, s1 by sms in s, s1 is cu1 in s | asked; created s1; routed s1 main; said s1;
               |                                                          | identified s1 cu1; queued s1 identified;
               |                                                          | offer s1-o1 anna 60s; anna offered 25
           1.2 | the opening may be made to cu1 in s                      | no: wrong_state
    """)


def test_rights_say_for_whom_an_agent_may_begin() -> None:
    acme = person("anna", rights=(RightGrant(role="agent", scope="sponsor", scope_id="acme"),))
    winter = person("ben", rights=(RightGrant(role="agent", scope="campaign", scope_id="winter"),))
    reader = person("cleo", rights=(RightGrant(role="analyst", scope="tenant"),))
    other = second_address(sponsor=SponsorId("acme"), campaign=CampaignId("winter"))
    Story(acme, winter, reader, other).run("""
           0.0 | the floor: anna ben cleo     |
           1.0 | anna opens by email          | no: not_allowed
           2.0 | anna opens by email on other | asked; opened anna; message 8ae234fdb2e6a2c082870da29-m1 customer;
               |                              | > deliver 8ae234fdb2e6a2c082870da29-m1; done; anna busy 20
           3.0 | ben opens by email           | no: not_allowed
           4.0 | ben opens by email on other  | asked; opened ben; message cb4e03fb4cc781d192f89d171-m1 customer;
               |                              | > deliver cb4e03fb4cc781d192f89d171-m1; done; ben busy 20
           5.0 | cleo opens by email          | no: not_allowed
    """)


def test_queue_and_channel_must_be_the_agents_own() -> None:
    no_sms = AgentProfile(id=ProfileId("mail"), change_set=1, cap={Channel.SMS: 0})
    anna = person("anna", queues=(QueueId("main"),), profile=ProfileId("mail"))
    Story(anna, no_sms, queue("vip")).run("""
           0.0 | the floor: anna                        |
           1.0 | anna opens by email from queue vip     | no: not_allowed
           2.0 | anna opens by email from queue nowhere | no: unknown_queue
           3.0 | anna opens by email from queue main    | asked; opened anna; message 5575fabfa461a0ac9cf5b9d69-m1 customer;
               |                                        | > deliver 5575fabfa461a0ac9cf5b9d69-m1; done; anna busy 20
           4.0 | anna opens by sms                      | no: not_allowed
           5.0 | anna opens by email on nowhere         | no: unknown_channel_address
    """)


def test_nobody_leaves_a_mail() -> None:
    mail = "a05f5bbbbd3eb88a6f0c97ad7"
    Story().run(f"""
           0.0 | the floor: anna                 |
           1.0 | anna opens by email             | asked; opened anna; message {mail}-m1 customer; > deliver {mail}-m1; done;
               |                                 | anna busy 20
           2.0 | {mail} is gone                  |
           3.0 | anna writes {mail} oui          | message {mail}-m2 customer; > deliver {mail}-m2; done
           4.0 | anna transfers {mail} to queue main | transferred {mail}; disowned {mail} transferred; idle anna;
               |                                 | routed {mail} main by transfer; queued {mail} transferred; done;
               |                                 | offer {mail}-o1 anna 120s; anna offered 20
    """)


def test_the_api_opens_work_for_the_queue_but_no_call_that_nobody_could_place() -> None:
    Story().run("""
           1.0 | the api opens by email | asked; opened main; queued fbf78b220a25b755c145daf0f arrived; done
           2.0 | the api opens by voice | no: not_offered_here
    """)
