"""Blobs: what is too large for a record (bodies over 64 KiB, attachments, recordings). The port is `blobs.port`."""
