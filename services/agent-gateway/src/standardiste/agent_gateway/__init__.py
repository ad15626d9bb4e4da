"""Pushes work to the desktops over websockets."""
