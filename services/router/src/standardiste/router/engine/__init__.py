"""The router's pure core: what was asked comes in, what was decided goes out. Standard library and event types only; no clock, randomness or I/O."""

from standardiste.router.engine.engine import Engine, Fired

__all__ = ["Engine", "Fired"]
