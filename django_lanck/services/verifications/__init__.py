"""Starting, checking and proving verifications, and what a proof is exchanged for."""
