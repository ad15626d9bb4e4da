"""
People outside the system, played through its public doors only: customers by mail, SMS, chat, telephone and letter, and agents at their desks.

The demo, the scenario suite and the benchmarks use the same players; nothing here reaches behind an API.
"""
