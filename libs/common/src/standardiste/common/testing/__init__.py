"""Shipped builders, doubles and clocks for tests, the simulator and the demo. Nothing in production imports from here."""
