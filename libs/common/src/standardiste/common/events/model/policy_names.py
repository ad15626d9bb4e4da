"""The names of the router's policies, by which a queue chooses them. Written by `make reference` from the router's `policies/__init__.py`."""

from __future__ import annotations

from standardiste.common.events.base import Word


class FilterName(Word):
    NO_BOTS = "no_bots"
    FRESH_EYES = "fresh_eyes"


class OrderName(Word):
    URGENCY = "urgency"
    LIFO = "lifo"


class RankingName(Word):
    LONGEST_IDLE = "longest_idle"
    MOST_PROFICIENT = "most_proficient"
    LEAST_LOADED = "least_loaded"
    FEWEST_SKILLS = "fewest_skills"
    ROUND_ROBIN = "round_robin"
