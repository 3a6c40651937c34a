"""The JSON API: start, look, check, resend, cancel. Include ``django_lanck.api.urls`` where clients find it.

``staff_urls`` has what the site's own people need, once ``LANCK["STAFF_API"]`` is True.
"""
