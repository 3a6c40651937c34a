"""What LANCK does with a request: verification, delivery, receipts, lookups and faults."""
