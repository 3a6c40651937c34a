"""The JSON API: start, get, check, resend and cancel verifications. Include ``django_lanck.api.urls``.

``staff_urls`` is the API for staff; it needs ``LANCK["STAFF_API"] = True``.
"""
