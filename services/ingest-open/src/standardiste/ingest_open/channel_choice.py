"""Which of our addresses a request names: by its id, its address, its channel's name, or its channel where the tenant has one address on it."""

from __future__ import annotations

from collections.abc import Collection

from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BadInput
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel
from standardiste.common.http import problem


def chosen_address(
    directory: DirectoryView, tenant: str, channels: Collection[Channel], channel_address: str | None, channel: str | None
) -> ChannelAddress:
    """The address, of one of these channels. Raises BadInput, or unknown_channel_address."""
    if (channel_address is None) == (channel is None):
        raise BadInput("invalid_field", "exactly one of channel_address and channel", "/channel_address")
    if channel_address is not None:
        found = directory.address_by_id(tenant, channel_address)
    else:
        found = _named(directory, tenant, channels, channel or "")
    if found is None or found.channel not in channels:
        raise problem("unknown_channel_address", pointer="/channel_address" if channel_address is not None else "/channel")
    return found


def _named(directory: DirectoryView, tenant: str, channels: Collection[Channel], name: str) -> ChannelAddress | None:
    for channel in channels:
        found = directory.address(channel, name)
        if found is not None and found[0] == tenant:
            return found[1]
    named = [
        each
        for each in directory.all(ChannelAddress, tenant)
        if each.channel in channels and name in (each.channel_name, each.channel.value if each.channel not in _OPEN else None)
    ]
    if len(named) > 1:
        raise BadInput("invalid_field", "several addresses have this channel name: give channel_address", "/channel")
    return named[0] if named else None


_OPEN = (Channel.OTHER, Channel.SOCIAL)
"""What has a name of its own."""
