"""A caller who is asked for a message: it is ours before anybody hears of it, and before he has left."""

from __future__ import annotations

from system.ingest_voice.line import INTERACTION, Line, count

from standardiste.common.blobs.port import BlobRef
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.events.inputs import ContactLeft, VoicemailLeft
from standardiste.common.events.outbound import TakeVoicemail
from standardiste.common.testing.bus import read_all

SOUND = b"RIFF....WAVE" * 100


async def asked(line: Line) -> None:
    await line.order(TakeVoicemail(conversation=line.conversation, interaction=INTERACTION))
    await line.twilio.until(lambda: line.call.has_heard("Laissez un message"), "he is asked")
    await line.twilio.advance(20_000 if line.call.speech is None else 6_000)


async def order_of(line: Line) -> list[str]:
    """What the router heard of the end, in order."""
    types = [record.headers["ce_type"].split(".", 1)[1] for record in await read_all(line.site.parts.bus, Topic.INPUTS)]
    return [each for each in types if each.startswith(("voicemail", "contact.left"))]


async def test_message_left_by_hanging_up_is_kept_and_told_before_he_has_left(line: Line) -> None:
    line.call.speaks(SOUND, 12)
    await asked(line)
    await line.twilio.until(lambda: line.call.has_heard("the tone"), "the tone")
    line.call.hang_up()
    left = (await line.site.inputs(VoicemailLeft))[0]
    assert left.duration_ms == 12_000
    assert (
        await line.site.parts.blobs.get(BlobRef(**dict(zip(("tenant", "contact", "sha256"), left.blob.split("/"), strict=True)))) == SOUND
    )
    await line.site.inputs(ContactLeft)
    assert await order_of(line) == ["voicemail.left.v1", "contact.left.v1"]


async def test_message_ended_by_a_key_is_thanked_for(line: Line) -> None:
    line.call.speaks(SOUND, 12)
    await asked(line)
    await line.twilio.until(lambda: line.call.has_heard("the tone"), "the tone")
    line.call.press("#")
    await line.site.inputs(VoicemailLeft)
    await line.twilio.until(lambda: line.call.is_over or line.call.has_heard("Merci"), "thanked")
    await line.site.inputs(ContactLeft)


async def test_caller_who_hangs_up_at_the_tone_has_left_like_any_other(line: Line, clock: ManualClock) -> None:
    line.call.speech = None
    await line.order(TakeVoicemail(conversation=line.conversation, interaction=INTERACTION))
    await line.twilio.until(lambda: line.call.has_heard("Laissez un message"), "he is asked")
    line.call.hang_up()
    await line.twilio.settle()
    clock.advance(16_000)
    await line.site.inputs(ContactLeft)
    assert await count(line.site, VoicemailLeft) == 0


async def test_caller_who_says_nothing_is_let_go(line: Line) -> None:
    await asked(line)
    await line.site.inputs(ContactLeft)
    await line.twilio.until(lambda: line.call.is_over, "let go")
    assert await count(line.site, VoicemailLeft) == 0


async def test_message_that_cannot_be_fetched_now_is_fetched_later(line: Line, clock: ManualClock) -> None:
    line.twilio.goes_wrong("GET", ".wav", status=404, code=20404)
    line.call.speaks(SOUND, 3)
    await asked(line)
    await line.twilio.until(lambda: line.call.has_heard("the tone"), "the tone")
    line.call.hang_up()
    await line.twilio.settle()
    assert await count(line.site, ContactLeft) == 0
    clock.advance(2_100)
    await line.site.inputs(VoicemailLeft)


async def test_message_whose_callback_was_lost_is_found_by_looking(line: Line, clock: ManualClock) -> None:
    line.call.speaks(SOUND, 3)
    await asked(line)
    await line.twilio.until(lambda: line.call.has_heard("the tone"), "the tone")
    line.twilio.webhooks.drop_steps.add("/voicemail")
    line.call.hang_up()
    await line.twilio.settle()
    clock.advance(16_000)
    await line.site.inputs(VoicemailLeft)
    await line.site.inputs(ContactLeft)
