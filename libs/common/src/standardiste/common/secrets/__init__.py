"""Secrets: installation secrets from files or the environment, tenants' channel secrets envelope-encrypted in the store. The port is `secrets.port`."""
