from django.db import models


class Row(models.Model):
    """What the bare views write."""

    number = models.CharField(max_length=20)
    state = models.CharField(max_length=12, default="pending")
    attempts = models.IntegerField(default=0)
    request_id = models.CharField(max_length=128, null=True, unique=True)  # noqa: DJ001 (unique)
    status = models.CharField(max_length=32, default="accepted")
    created_at = models.DateTimeField(auto_now_add=True)


class Report(models.Model):
    """What the bare view of receipts inserts."""

    row = models.ForeignKey(Row, on_delete=models.CASCADE)
    status = models.CharField(max_length=32)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
