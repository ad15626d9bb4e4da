"""Rankings: which agent goes first. They do not refuse."""
