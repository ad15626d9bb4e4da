"""Turns calls into contacts and connects them to agents."""
