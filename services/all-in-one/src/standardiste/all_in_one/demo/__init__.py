"""The demo: a tenant with a few people, and customers who come by every channel."""
