"""One installation for each module of this folder."""

from __future__ import annotations

from system.house import house, unharmed

__all__ = ["house", "unharmed"]
