"""Turns e-mail into contacts and sends the answers."""
