"""Whether somebody may be contacted: the rule (consent.py, pure) and the ledger it is asked of (ledger.py)."""
