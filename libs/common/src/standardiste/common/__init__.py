"""What every service shares: events, the bus, the store, blobs, secrets, settings, security, how a service runs."""
