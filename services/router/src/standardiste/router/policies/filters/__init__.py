"""Filters: who is left out of what. They do not rank."""
