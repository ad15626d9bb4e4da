"""Turns SMS into contacts and sends the answers."""
