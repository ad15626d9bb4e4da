"""The store: documents by tenant, with optimistic versions, declared indexes and text search. The port is `store.port`."""
