"""Sample traffic for the demo's admin and dashboard: see ``manage.py demo_data``."""

from .days import rows_of_day, rows_of_days
from .rows import Rows
from .world import ATTACK, FAILURE, OUT_OF_FUNDS, PROBE, PROBES, SILENCE

__all__ = ["ATTACK", "FAILURE", "OUT_OF_FUNDS", "PROBE", "PROBES", "SILENCE", "Rows", "rows_of_day", "rows_of_days"]
