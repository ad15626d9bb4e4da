"""How each of our channel addresses fares, told as `channel-address.reported` within two minutes: the round (watch), what is usual for it (rhythm), the words."""
