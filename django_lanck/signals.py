"""What a site can listen to. Each is sent after the change is committed; a receiver that raises hurts nobody else.

``verification_started``      sender=Verification: verification, message. LANCK took the message, or perhaps did.
``number_verified``           sender=Verification: verification, number (E.164), user (or None). Once a verification.
``verification_failed``       sender=Verification: verification, reason (``"expired"`` or ``"exhausted"``). Once.
``message_status_changed``    sender=Message: message, old_status, new_status. For all channels.
``inbound_message_received``  sender=InboundMessage: message. Once a message, however often LANCK sends it.
``limit_reached``             sender=LimitCounter: rule, label (a country, a prefix or empty), action, purpose, watched,
                              retry_after (seconds). Once for each counter and its window; of a rule, 60 an hour.
``signup_completed``          sender=the user's class: user, verified_number, request. A signup created the account.
``number_taken_over``         sender=VerifiedNumber: verified_number, old_user_id, new_user_id.
``provider_alarm``            sender=the error's class: kind (its name, such as ``"InsufficientFunds"``), error_code
                              (LANCK's, or None). LANCK refuses the account. Once an hour for each kind of error.
"""

from django.dispatch import Signal

verification_started = Signal()
number_verified = Signal()
verification_failed = Signal()
message_status_changed = Signal()
inbound_message_received = Signal()
limit_reached = Signal()
signup_completed = Signal()
number_taken_over = Signal()
provider_alarm = Signal()
