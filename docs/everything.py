"""Make every LANCK call against the sandbox and print what the phones received.

Run ``make demo`` in one terminal and ``.venv/bin/python docs/everything.py`` in another.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import requests

PHONE = "+12015550123"
CODE_PHONES = [f"+1201555013{last}" for last in range(4)]  # one number has to wait before its next code
SMS_ONLY_PHONE = "+12045550102"  # a magic number that no messenger reaches


def main() -> None:
    from django_lanck import services

    messages = send_everything()
    print("\nDelivery")
    for message in messages:
        services.wait_for_status(message=message, seconds=60)
        print(f"  {message.channel:<9}{message.status:<12}{message.network}")

    print("\nCodes")
    methods = (("lanck", "sms"), ("lanck", "voice"), ("site", "sms"), ("site", "flash"))
    for number, (code_source, method) in zip(CODE_PHONES, methods, strict=True):
        verify(number, code_source, method)

    print("\nNumber insight")
    hlr, fraud = services.look_up(number=PHONE), services.check_fraud(number=PHONE)
    print(f"  HLR lookup   {hlr.status}, {hlr.network}")
    print(f"  fraud check  {fraud.status}")

    print("\nThe link in the SMS")
    open_link()
    services.report_goal(message=messages[1], goal="ORDER_SEEN")
    print(f"  goals reported: {services.reconcile().goals}")

    print("\nInbound SMS")
    send_inbound_sms("STOP")
    for number in (PHONE, *CODE_PHONES, SMS_ONLY_PHONE):
        print(f"\nReceived by {number}, newest first")
        for received in handset(number):
            print(f"  {received['channel']:<7}{received['sender']:<17}{received['text'] or received['code']}")


def send_everything():
    from django_lanck import services
    from django_lanck.services import RCS, SMS, Push, Viber

    text = "Your order has arrived."
    chain = (
        Push(text, title="Shop")
        .then(Viber(text, sender="Shop"), wait=5, unless="delivered")
        .then(RCS(text), wait=5, unless="read")
        .then(SMS(text, sender="Shop"), wait=5, unless="delivered")
    )
    return [
        services.send_sms(number=PHONE, text=f"{text} {{link}}", link="https://www.example.com/orders/7?by=sms"),
        services.send_push(number=PHONE, text=text, title="Shop"),
        services.send_viber(
            number=PHONE,
            text=text,
            sender="Shop",
            image_url="https://www.example.com/parcel.png",
            button_caption="Track it",
            button_action_url="https://www.example.com/orders/7",
        ),
        services.send_rcs(number=PHONE, text=text),
        services.send_failover(number=SMS_ONLY_PHONE, flow=chain),
        services.flash_call(number=PHONE),
        services.speak_code(number=PHONE, code="471100", language="de"),
        services.speak_text(number=PHONE, text=text, language="en"),
    ]


def verify(number: str, code_source: str, method: str) -> None:
    from django_lanck import services

    verification = services.start_verification(number=number, code_source=code_source, method=method)
    result = services.check_verification(verification_id=verification.pk, code=handset(number)[0]["code"])
    verified_number = services.redeem_proof(proof=result.proof or "")
    print(f"  {code_source:<6}{method:<6} verified {verified_number}")


def open_link() -> None:
    link = next(word for received in handset(PHONE) for word in received["text"].split() if "/lanck/l/" in word)
    response = requests.get(link, allow_redirects=False, timeout=10)
    print(f"  {link} redirects to {response.headers['Location']}")


def send_inbound_sms(text: str) -> None:
    from django_lanck.models import InboundMessage, OptOut

    form = f"{sandbox()}/handset/{PHONE}/text/"
    newest = InboundMessage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    browser = requests.Session()
    browser.get(form, timeout=10)
    browser.post(form, {"text": text, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}, timeout=10)
    while not (inbound := InboundMessage.objects.filter(pk__gt=newest).first()):
        time.sleep(0.1)
    print(f"  {inbound.sender} → {inbound.recipient}: {inbound.text}")
    print(f"  opted out of marketing: {OptOut.objects.standing().filter(number=PHONE).exists()}")


def handset(number: str) -> list[dict[str, str]]:
    return requests.get(f"{sandbox()}/handset/{number}/", timeout=10).json()["messages"]


def sandbox() -> str:
    from django_lanck.conf import conf

    return conf.base_url.removesuffix("/v1")


if __name__ == "__main__":
    import django

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")
    django.setup()
    main()
