"""Background work: reconciliation, retention and erasure."""
