"""``python testproject/manage.py demo``: prepare and serve the demo site. It can be run repeatedly."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.management.commands.runserver import Command as Runserver
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from django_lanck.conf import conf

HOST = "127.0.0.1"
ADMIN = "admin"


class Command(BaseCommand):
    # The checks run in ``handle``, after the port: other settings contain it, and its own message is the clear one.
    requires_system_checks = ()
    help = "Prepare the demo's database and admin user, print the URLs, and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="prepare and print, but do not serve")

    def handle(self, *, no_serve: bool, **options: Any) -> None:
        port = _port()
        self.check()
        if not no_serve:
            _require_free(port)
        call_command("migrate", verbosity=0, interactive=False)
        banner = self._banner(port, _admin_login())
        if no_serve:
            self.stdout.write(banner)
            return
        server = Server(stdout=self.stdout, stderr=self.stderr)  # type: ignore[arg-type]
        server.banner = banner
        call_command(server, f"{HOST}:{port}", use_reloader=False)

    def _banner(self, port: int, login: str) -> str:
        origin = f"http://{HOST}:{port}"
        rows = [
            ("Start page", origin + reverse("home"), ""),
            ("Sign up", origin + reverse("lanck_web:signup"), ""),
            ("Simulated handset", origin + reverse("lanck_sandbox:handset_page"), ""),
            ("Admin", origin + reverse("admin:index"), login),
            ("API", origin + reverse("api-docs"), ""),
        ]
        lines = [f"  {name:<19}{self.style.HTTP_INFO(url)}  {note}".rstrip() for name, url, note in rows]
        title = self.style.MIGRATE_HEADING("The django-lanck demo")
        more = "  For months of sample traffic in the admin: .venv/bin/python testproject/manage.py demo_data"
        return "\n".join(["", f"  {title}. LANCK is at {conf.base_url}", "", *lines, "", more, ""])


class Server(Runserver):
    """Django's development server, which prints the URLs as soon as it listens."""

    banner = ""

    def on_bind(self, server_port: int) -> None:
        self.stdout.write(f"{self.banner}\n  Only failed requests are shown below. Press Ctrl+C to stop.\n")
        self.stdout.flush()


def _port() -> int:
    try:
        port = int(settings.PORT)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise CommandError(f"PORT={settings.PORT} is not a port. Use a number from 1 to 65535, such as PORT=8001.")
    return port


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}). If the demo is already running, open "
                f"http://{HOST}:{port}/; or choose another port: make demo PORT={port + 1}"
            ) from error


def _admin_login() -> str:
    """Create the admin user if there is none; return how to log in."""
    users = get_user_model()._default_manager
    password = settings.DEMO_ADMIN_PASSWORD
    user = users.filter(username=ADMIN).first()
    if user is None:
        user = users.create_superuser(ADMIN, "", password)
    known = user.check_password(password)
    return f"log in as {ADMIN} / {password}" if known else f"log in as {ADMIN} / the password you set"
