"""
A stand-in for Twilio on loopback: stateful REST API, signed webhooks, status callbacks, and calls whose TwiML is really executed. For tests and the demo.

`double.TwilioDouble` is what a test or the demo holds; everything else is behind it.
"""
