"""The signals of this app. Each is sent after its change is committed; an exception in a receiver is logged."""

from django.dispatch import Signal

# LANCK accepted the message, or may have accepted it.
# sender: Verification. Arguments: verification, message.
verification_started = Signal()

# A number was verified. Sent once for each verification.
# sender: Verification. Arguments: verification, number (E.164), user (or None).
number_verified = Signal()

# A verification ended without success. Sent once.
# sender: Verification. Arguments: verification, reason ("expired" or "exhausted").
verification_failed = Signal()

# The status of a message changed, on any channel.
# sender: Message. Arguments: message, old_status, new_status.
message_status_changed = Signal()

# An inbound SMS arrived. Sent once for each message, however often LANCK repeats the callback.
# sender: InboundMessage. Arguments: message.
inbound_message_received = Signal()

# A limit is exceeded, whether it is enforced or watched. Sent once for each counter in its window, and at most 60 times
# an hour for each rule.
# sender: LimitCounter. Arguments: rule, label (a country, a prefix or empty), action, purpose, watched,
# retry_after (seconds).
limit_reached = Signal()

# A signup created an account.
# sender: the user model. Arguments: user, verified_number, request.
signup_completed = Signal()

# A number has a new owner.
# sender: VerifiedNumber. Arguments: verified_number, old_user_id, new_user_id.
number_taken_over = Signal()

# A user's number became another: after the commit, once for each user and number.
# sender: VerifiedNumber. Arguments: user, old_number, new_number (E.164, or empty for none), reason: "signup",
# "change", "takeover" (sent for the user who loses the number), "import", "renumber" or "removal".
number_changed = Signal()

# LANCK refuses the account. Sent once an hour for each kind of error.
# sender: the class of the exception. Arguments: kind (its name, such as "InsufficientFunds"), error_code (LANCK's code,
# or None).
provider_alarm = Signal()
