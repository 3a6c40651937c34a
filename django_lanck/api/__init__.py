"""The JSON API: start, look, check, resend, cancel. Include ``django_lanck.api.urls`` where clients find it."""
