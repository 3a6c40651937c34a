"""Messages: sending, receipts, inbound SMS, opt-outs, links and goals."""
