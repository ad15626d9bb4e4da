"""Gives every interaction to the right agent by skill and capacity."""
