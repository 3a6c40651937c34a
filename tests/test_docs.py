"""The snippets, tables and links of README and the documentation agree with the code."""

import json
import os
import re
import sys
import types
import unittest
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.checks import Error
from django.test import override_settings
from django.urls import include, path

from django_lanck import client, models, services, signals
from django_lanck.api.serializers import VerificationSerializer
from django_lanck.api.staff_figures import DeliverySerializer, TotalsSerializer
from django_lanck.api.staff_serializers import MessageSerializer, SendSerializer
from django_lanck.checks import check_settings
from django_lanck.conf import KEYS
from django_lanck.conf.rules import CHECK_LIMITS, LIMITS, SEND_LIMITS
from django_lanck.exceptions import REFUSALS
from django_lanck.models import VerifiedNumber
from django_lanck.services import check_verification, claim_number, redeem_proof, start_verification
from tests.api.conftest import NOT_IN_THE_API
from tests.promises import KINDS, promises, with_tables

ROOT = Path(__file__).parent.parent
BINDING = "session:abc"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def code_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


SNIPPETS = [(page.name, index) for page in PAGES for index, _ in enumerate(code_blocks(page, "python"))]


def run_snippet(page: Path, index: int) -> dict:
    """Run a Python snippet of the page and return the names that it defines."""
    names = {"os": os, "path": path, "include": include, "__name__": "snippet"}
    exec(compile(code_blocks(page, "python")[index], f"{page.name}[{index}]", "exec"), names)
    return names


def page_named(name: str) -> Path:
    return next(page for page in PAGES if page.name == name)


@pytest.fixture
def shop(monkeypatch):
    """The module ``shop.guard`` of the page on limits."""
    page = page_named("limits.md")
    index = next(index for index, block in enumerate(code_blocks(page, "python")) if "def ask_for_captcha" in block)
    module = types.ModuleType("shop.guard")
    vars(module).update(run_snippet(page, index))
    monkeypatch.setitem(sys.modules, "shop.guard", module)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "index"), SNIPPETS)
def test_snippet_runs(name, index, lanck, phone, monkeypatch, client, shop):
    monkeypatch.setenv("LANCK_ACCESS_TOKEN", "id:secret")
    with override_settings(LANCK={key: lanck.settings[key] for key in lanck.settings if key != "CONVERSION"}):
        names = run_snippet(page_named(name), index)
    if "LANCK" in names:
        with override_settings(LANCK=names["LANCK"]):
            assert not [message for message in check_settings() if isinstance(message, Error)]
    if "LanckMixin" in names:
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(names["SignupTest"])
        assert unittest.TextTestRunner().run(suite).wasSuccessful()
    if "test_correct_code_returns_a_proof" in names:
        names["test_correct_code_returns_a_proof"](client, lanck)
    if "make_account" in names:
        user = names["make_account"](get_proof(lanck, phone), BINDING)
        assert VerifiedNumber.objects.get(number=phone).user == user


@pytest.fixture
def readme_signup(rf):
    """Return a function that posts a proof to README's view and returns the response and the session."""
    page = page_named("README.md")
    (index,) = [index for index, block in enumerate(code_blocks(page, "python")) if "def signup(request)" in block]
    view = run_snippet(page, index)["signup"]

    def post(proof):
        request = rf.post("/", {"proof": proof})
        request.session = SessionStore()
        request.session["lanck_binding"] = BINDING.removeprefix("session:")
        return view(request), request.session

    return post


@pytest.mark.django_db
def test_readme_signup_creates_the_account_and_logs_in_to_it_once(readme_signup, lanck, phone):
    proof = get_proof(lanck, phone)
    response, session = readme_signup(proof)
    assert response.status_code == 302
    assert session["_auth_user_id"] == str(VerifiedNumber.objects.get(number=phone).user_id)
    response, session = readme_signup(proof)
    assert response.status_code == 400
    assert "_auth_user_id" not in session


@pytest.mark.django_db
def test_readme_signup_with_the_number_of_a_superuser_is_refused(readme_signup, lanck, phone, django_user_model):
    superuser = django_user_model.objects.create_superuser("root")
    proof = get_proof(lanck, phone)
    redeem_proof(proof=proof, binding=BINDING)
    claim_number(user=superuser, proof=proof)
    response, session = readme_signup(get_proof(lanck, phone))
    assert (response.status_code, response.content) == (
        403,
        b"A code alone does not open the account of this number. Log in another way.",
    )
    assert "_auth_user_id" not in session
    assert django_user_model.objects.get() == superuser
    assert VerifiedNumber.objects.get().user == superuser


def get_proof(lanck, phone, binding=BINDING) -> str:
    verification = start_verification(number=phone, binding=binding)
    return check_verification(verification_id=verification.pk, code=lanck.sent[-1].code, binding=binding).proof


@pytest.mark.django_db
def test_captcha_of_the_limits_page_refuses_starts_without_its_token(client, lanck, phone, shop):
    url, token = "/api/phone/verifications/", "a valid token"
    with override_settings(LANCK={**lanck.settings, "GUARD": "shop.guard.ask_for_captcha"}):
        for fields, status in ({}, 403), ({"captcha": "x"}, 403), ({"captcha": token}, 201):
            response = client.post(url, {"number": phone, **fields}, "application/json")
            assert response.status_code == status
            assert status == 201 or set(response.json()) == {"code", "detail"}
    assert len(lanck.sent) == 1


def test_table_of_limits_has_the_defaults():
    def in_words(rates) -> str:
        parts = [rate.partition("/") for rate in rates]
        return ", ".join(f"{int(most):,} {'an' if time == 'hour' else 'a'} {time}" for most, _, time in parts) or "none"

    rows = re.findall(r"^\| `(\w+)`: [^|]*\|(.*)\|$", page_named("limits.md").read_text(), re.M)
    assert [name for name, _ in rows] == list(LIMITS)
    for name, cells in rows:
        for limits, cell in zip((LIMITS, CHECK_LIMITS, SEND_LIMITS), cells.split("|"), strict=True):
            assert cell.partition("(")[0].strip() == (in_words(limits[name]) if name in limits else "")


def test_json_of_the_api_page_has_the_fields_of_the_serializers():
    verification, refusal, messages, send, delivery = map(json.loads, code_blocks(page_named("api.md"), "json"))
    assert set(verification) == set(VerificationSerializer().fields)
    assert set(refusal) == {"code", "detail", "retry_after"}
    assert list(messages["results"][0]) == list(MessageSerializer().fields)
    assert set(send) <= set(SendSerializer().fields)
    assert list(delivery) == list(DeliverySerializer().fields)
    assert set(delivery["total"]) == set(TotalsSerializer().fields)


def test_every_setting_is_documented():
    text = page_named("settings.md").read_text()
    assert {key for key in KEYS if f"`{key}`" not in text} == set()


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and MyST generate them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_of_a_page_lead_to_existing_files_and_headings(page):
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", page.read_text()):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def test_every_refusal_code_is_documented():
    text = page_named("api.md").read_text()
    assert {code for code in REFUSALS if f"`{code}`" not in text} == NOT_IN_THE_API


def test_names_in_the_table_of_calls_exist():
    _, _, *rows = re.findall(r"^\|.*\|$", page_named("calls.md").read_text(), re.M)
    assert rows
    for row in rows:
        _, _, in_client, in_services, in_signals, in_models, _ = row.split("|")
        for content in re.findall(r"`send\((\w+)", in_client):
            assert hasattr(client, content)
        for method in re.findall(r"`(\w+)`", in_client):
            assert hasattr(client.LanckClient, method)
        for module, cell in ((services, in_services), (signals, in_signals), (models, in_models)):
            for name in re.findall(r"`(\w+)`", cell):
                assert hasattr(module, name), name


def test_tables_of_the_security_page_are_generated_from_the_tests():
    page = page_named("security.md").read_text()
    assert with_tables(page) == page, "Run python -m tests.promises."
    numbers = {(promise.kind, promise.number) for promise in promises()}
    assert numbers == {(kind, number) for kind, (_, count) in KINDS.items() for number in range(1, count + 1)}
    assert all(promise.description for promise in promises())


def paths_named(line: str) -> list[tuple[str, list[Path]]]:
    """Return the paths that a line names in backticks, each with what it matches.

    A bare file name is in the folder of the path before it.
    """
    found, folder = [], ROOT
    for name in re.findall(r"`([\w*.-]*/[\w/*.-]*|[\w-]+\.py)`", line):
        base = ROOT if "/" in name else folder
        folder = base / name if name.endswith("/") else (base / name).parent
        found.append((name, list(base.glob(name))))
    return found


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
CHANGES = dict(re.findall(r"^### (.*?)\n(.*?)(?=^##)", CONTRIBUTING, re.M | re.S))


def test_paths_named_in_contributing_exist():
    named = [found for line in CONTRIBUTING.splitlines() for found in paths_named(line)]
    assert [name for name, matches in named if not matches] == []


@pytest.mark.parametrize("change", CHANGES)
def test_names_in_a_usual_change_are_in_the_files_that_it_names(change):
    paths = [path for line in CHANGES[change].splitlines() for _, matches in paths_named(line) for path in matches]
    files = {file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])}
    code = "\n".join(file.read_text() for file in files if file.suffix in (".py", ".po", ".html", ".md"))
    names = set(re.findall(r"`@?([A-Za-z_]\w+)(?:\(…\)|…)?`", CHANGES[change]))
    assert {name for name in names if name not in code} <= {"lanck_send"}


def test_map_in_contributing_has_every_folder_of_the_code():
    (tree,) = [block for block in code_blocks(ROOT / "CONTRIBUTING.md", "text") if block.startswith("django_lanck/")]
    folders: list[tuple[int, Path]] = []
    named = set()
    for line in tree.splitlines():
        depth = len(line) - len(line.lstrip())
        folders = [(above, folder) for above, folder in folders if above < depth]
        parent = folders[-1][1] if folders else ROOT
        names = re.match(r"[\w.]+/?(?: [\w.]+/)*", line.lstrip())[0].split()
        assert [name for name in names if not (parent / name).exists()] == []
        named |= {parent / name for name in names}
        folders.append((depth, parent / names[0]))
    packages = {module.parent for module in (ROOT / "django_lanck").rglob("*.py")}
    assert packages - named == set()
