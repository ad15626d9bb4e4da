"""Who the customers are, their conversations, timeline and receipts."""
