"""Sending, receipts, refreshes, inbound SMS, opt-outs, links and goals."""
