"""Attachments are looked through before they are served, where the tenant asks: the port, its adapter, and whom it stands before."""
