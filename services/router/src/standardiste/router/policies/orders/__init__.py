"""Orders: which interaction goes first within a strict class."""
