"""The standardiste command: every service in one process."""
