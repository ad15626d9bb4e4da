"""Who is asking and what they may do: keys, principals, rights, tokens, API keys, provider signatures, the audit record."""
