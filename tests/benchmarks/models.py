from django.db import models


class Row(models.Model):
    """What the bare views write."""

    number = models.CharField(max_length=20)
    state = models.CharField(max_length=12, default="pending")
    attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
