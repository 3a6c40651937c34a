"""The URL of the dashboard, and the figures of a day."""

PAGE = "/admin/lanck/deliveryday/"
WEEK = {
    "started": 100, "reached_lanck": 96, "reached_phone": 90, "verified": 80, "proof_seconds": {"30": 80},
    "messages": 120, "refused": 5, "unknown": 3, "accepted": 110, "delivered": 99, "undelivered": 4,
    "delivery_seconds": {"20": 99}, "priced": 100, "cost": "12.5",
}  # fmt: skip
