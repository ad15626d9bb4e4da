"""What everything that speaks Twilio shares: the client, credentials, signed callback addresses, E.164, segments. Needs the extra `standardiste-common[twilio]`."""
