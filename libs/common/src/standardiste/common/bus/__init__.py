"""The bus: four verbs (publish, subscribe, process, tail) over partitioned, durable, ordered topics. The port is `bus.port`, the topics are `bus.topics`."""
