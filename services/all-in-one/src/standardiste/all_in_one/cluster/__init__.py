"""Every service as a process of its own on Kafka and MongoDB, on this machine: what `standardiste up` starts, and what tests kill."""
