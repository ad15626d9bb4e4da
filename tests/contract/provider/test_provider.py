"""What every provider does, whoever carries the message: yes once, no by name, and never sure of what it cannot know."""

from __future__ import annotations

import pytest

from standardiste.common.errors import ProviderError
from standardiste.common.outbox import Send, Sent
from standardiste.common.testing.provider_world import ProviderWorld, with_file


async def carried_out(world: ProviderWorld, message: str = "m1") -> Sent:
    """The provider's yes, stored as an outbox does."""
    sent = await world.provider.send(world.send(message))
    sent.release()
    return sent


async def refusal(world: ProviderWorld, send: Send | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        await world.provider.send(send or world.send("m1"))
    return refused.value


async def test_message_is_taken_once_and_named(world: ProviderWorld) -> None:
    sent = await carried_out(world)
    assert world.taken() == ["m1"]
    assert sent.provider_id
    assert sent.refused == ()


async def test_messages_one_after_the_other_are_all_taken(world: ProviderWorld) -> None:
    for number in range(5):
        await carried_out(world, f"m{number}")
    assert world.taken() == [f"m{number}" for number in range(5)]


async def test_file_goes_along_or_the_message_is_refused_for_good_by_name(world: ProviderWorld) -> None:
    if not world.carries_files:
        error = await refusal(world, with_file(world.send("m1")))
        assert (error.code, error.is_retryable, error.is_outcome_unknown) == ("attachments_not_sent", False, False)
        assert error.detail
        assert world.taken() == []
        return
    sent = await world.provider.send(with_file(world.send("m1")))
    sent.release()
    assert (world.taken(), world.files()) == (["m1"], 1)


async def test_not_now_may_be_tried_again(world: ProviderWorld) -> None:
    world.say_not_now()
    error = await refusal(world)
    assert (error.provider, error.is_retryable, error.is_outcome_unknown) == (world.provider.name, True, False)
    assert error.code
    await carried_out(world)
    assert world.taken() == ["m1"]


async def test_never_is_final_and_says_why(world: ProviderWorld) -> None:
    world.say_never()
    error = await refusal(world)
    assert (error.is_retryable, error.is_outcome_unknown) == (False, False)
    assert error.code
    assert error.detail
    assert world.taken() == []


async def test_lost_answer_leaves_the_outcome_unknown_and_no_look_up_denies_it(world: ProviderWorld) -> None:
    world.lose_answer()
    error = await refusal(world)
    assert (error.is_retryable, error.is_outcome_unknown) == (True, True)
    assert world.taken() == ["m1"]
    assert await world.provider.look_up(world.send("m1")) is not None


async def test_outside_that_does_not_answer_may_be_tried_again(world: ProviderWorld) -> None:
    await world.go_away()
    assert (await refusal(world)).is_retryable


async def test_look_up_never_claims_what_was_not_sent(world: ProviderWorld) -> None:
    assert not isinstance(await world.provider.look_up(world.send("m1")), Sent)
