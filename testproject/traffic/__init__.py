"""Made-up traffic for the demo's admin and dashboard: see ``manage.py demo_data``."""

from .days import Rows, rows_of_day
from .world import ATTACK, FAILURE, OUT_OF_FUNDS, PROBE, PROBES, SILENCE, weight_of

__all__ = ["ATTACK", "FAILURE", "OUT_OF_FUNDS", "PROBE", "PROBES", "SILENCE", "Rows", "rows_of_day", "weight_of"]
