"""One of everything that LANCK can do, against the sandbox, and what the phone got.

make demo                            in one terminal
.venv/bin/python docs/everything.py  in another
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import requests

PHONE = "+12015550123"
CODE_PHONES = [f"+1201555013{last}" for last in range(4)]  # one number has to wait between two codes
NO_MESSENGER = "+12045550102"  # a magic number: only SMS and calls reach it


def main() -> None:
    from django_lanck import services

    messages = send_everything()
    print("\nWhat became of it")
    for message in messages:
        services.wait_for_status(message=message, seconds=60)
        print(f"  {message.channel:<9}{message.status:<12}{message.network}")

    print("\nCodes")
    ways = (("lanck", "sms"), ("lanck", "voice"), ("site", "sms"), ("site", "flash"))
    for number, (code_source, method) in zip(CODE_PHONES, ways, strict=True):
        verify(number, code_source, method)

    print("\nWhat LANCK knows of the number")
    looked_up, fraud = services.look_up(number=PHONE), services.check_fraud(number=PHONE)
    print(f"  HLR lookup   {looked_up.status}, {looked_up.network}")
    print(f"  fraud check  {fraud.status}")

    print("\nThe link in the SMS")
    open_link()
    services.report_goal(message=messages[1], goal="ORDER_SEEN")
    print(f"  goals told to LANCK: {services.reconcile().goals}")

    print("\nThe phone answers")
    text_the_site("STOP")
    for number in (PHONE, *CODE_PHONES, NO_MESSENGER):
        print(f"\nWhat {number} got, newest first")
        for got in handset(number):
            print(f"  {got['channel']:<7}{got['sender']:<17}{got['text'] or got['code']}")


def send_everything():
    from django_lanck import services
    from django_lanck.services import RCS, SMS, Push, Viber

    order = "Your order has arrived."
    chain = (
        Push(order, title="Shop")
        .then(Viber(order, sender="Shop"), wait=5, unless="delivered")
        .then(RCS(order), wait=5, unless="read")
        .then(SMS(order, sender="Shop"), wait=5, unless="delivered")
    )
    return [
        services.send_sms(number=PHONE, text=f"{order} {{link}}", link="https://www.example.com/orders/7?by=sms"),
        services.send_push(number=PHONE, text=order, title="Shop"),
        services.send_viber(
            number=PHONE,
            text=order,
            sender="Shop",
            image_url="https://www.example.com/parcel.png",
            button_caption="Track it",
            button_action_url="https://www.example.com/orders/7",
        ),
        services.send_rcs(number=PHONE, text=order),
        services.send_failover(number=NO_MESSENGER, flow=chain),
        services.flash_call(number=PHONE),
        services.speak_code(number=PHONE, code="471100", language="de"),
        services.speak_text(number=PHONE, text=order, language="en"),
    ]


def verify(number: str, code_source: str, method: str) -> None:
    from django_lanck import services

    verification = services.start_verification(number=number, code_source=code_source, method=method)
    result = services.check_verification(verification_id=verification.pk, code=handset(number)[0]["code"])
    proved = services.redeem_proof(proof=result.proof or "")
    print(f"  {code_source:<6}{method:<6} proved {proved}")


def open_link() -> None:
    link = next(word for got in handset(PHONE) for word in got["text"].split() if "/lanck/l/" in word)
    answer = requests.get(link, allow_redirects=False, timeout=10)
    print(f"  {link} leads to {answer.headers['Location']}")


def text_the_site(text: str) -> None:
    from django_lanck.models import InboundMessage, OptOut

    page = f"{sandbox()}/handset/{PHONE}/text/"
    newest = InboundMessage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    browser = requests.Session()
    browser.get(page, timeout=10)
    browser.post(page, {"text": text, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}, timeout=10)
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
