"""What each event does to the live tables, by what it is about. Called by `apply` alone."""
