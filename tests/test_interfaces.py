"""Interfaces hold no rule: none of them opens a transaction or writes a row.

The checker reads the syntax trees. Django's transactions and writing methods are refused anywhere; the writing methods
of this app's models, which are found by what their bodies call, on models, querysets and rows only: other objects have
methods of the same names, such as ``close``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

APP = Path(__file__).parent.parent / "django_lanck"
INTERFACES = ("api", "web", "webhooks.py", "views.py", "admin", "management", "templatetags", "prometheus.py")

TRANSACTIONS = {"atomic", "on_commit", "select_for_update", "savepoint", "savepoint_commit", "set_autocommit"}
QUERYSET_WRITES = {"create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
WRITES = QUERYSET_WRITES | {"save", "save_base", "raw_save", "_raw_delete", "cursor", "execute", "executemany"}
WRITES |= {f"a{name}" for name in WRITES}
# The methods by which the admin writes a row for a form; overriding one is allowed, calling one is not.
WRITES |= {"save_model", "delete_model", "delete_queryset", "save_related", "save_form", "save_formset"}
CONNECTIONS = {"connection", "connections"}
MANAGERS = {"objects", "_default_manager", "_base_manager"}


def sources(*parts: str) -> list[Path]:
    return sorted(
        path for part in parts for path in ([APP / part] if part.endswith(".py") else (APP / part).rglob("*.py"))
    )


def methods_of_models() -> tuple[set[str], set[str]]:
    """Return the names of the model classes and querysets, and of their methods that write."""
    classes, calls = set(), {}
    for path in sources("models"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                classes.add(node.name)
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        names = {each.attr for each in ast.walk(method) if isinstance(each, ast.Attribute)}
                        calls.setdefault(method.name, set()).update(names)
    writing: set[str] = set()
    while found := {name for name, used in calls.items() if used & (WRITES | writing)} - writing:
        writing |= found
    return classes, writing - WRITES


MODEL_CLASSES, MODEL_WRITES = methods_of_models()


class Checker(ast.NodeVisitor):
    """Collects the violations of one module as ``(line, name)``."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []
        self.rows: list[set[str]] = [set()]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.rows.append({each.arg for each in arguments if self._is_annotated(each.annotation)})
        self.generic_visit(node)
        self.rows.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign) -> None:
        if self._is_of_models(node.value):
            self.rows[-1].update(each.id for target in node.targets for each in names_in(target))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self._is_annotated(node.annotation) or (node.value and self._is_of_models(node.value)):
            self.rows[-1].update(each.id for each in names_in(node.target))
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        if self._is_of_models(node.value):
            self.rows[-1].add(node.target.id)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        if self._is_of_models(node.iter):
            self.rows[-1].update(each.id for each in names_in(node.target))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._check(node, node.attr, node.value)
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if (node.module or "").startswith("django.db") and alias.name in TRANSACTIONS | CONNECTIONS:
                self.found.append((node.lineno, alias.name))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("getattr", "attrgetter", "methodcaller"):
            for each in node.args:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    self._check(node, each.value, node.args[0])
        self.generic_visit(node)

    def _check(self, node: ast.expr, name: str, receiver: ast.expr) -> None:
        if name in TRANSACTIONS | WRITES or (name in MODEL_WRITES and self._is_of_models(receiver)):
            self.found.append((node.lineno, name))

    def _is_of_models(self, node: ast.expr) -> bool:
        """Whether an expression is a queryset or a row: it goes through a manager, or a variable that holds one."""
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and each.attr in MANAGERS:
                return True
            if isinstance(each, ast.Name) and (each.id in MODEL_CLASSES or any(each.id in rows for rows in self.rows)):
                return True
        return False

    def _is_annotated(self, annotation: ast.expr | None) -> bool:
        text = ast.unparse(annotation) if annotation else ""
        return "QuerySet" in text or not MODEL_CLASSES.isdisjoint(re.findall(r"\w+", text))


def names_in(target: ast.expr) -> Iterator[ast.Name]:
    return (each for each in ast.walk(target) if isinstance(each, ast.Name))


def violations(source: str) -> list[str]:
    checker = Checker()
    checker.visit(ast.parse(dedent(source)))
    return [name for _line, name in sorted(checker.found)]


@pytest.mark.parametrize("path", sources(*INTERFACES), ids=lambda path: str(path.relative_to(APP)))
def test_interface_opens_no_transaction_and_writes_no_row(path):
    checker = Checker()
    checker.visit(ast.parse(path.read_text()))
    assert checker.found == []


def test_model_methods_that_write_are_found():
    assert {"spend_attempt", "reach_goal", "take_over", "lift", "record", "pause"} <= MODEL_WRITES
    assert not {"masked_number", "open", "newest", "is_final", "overdue"} & MODEL_WRITES


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("with transaction.atomic(): pass", ["atomic"]),
        ("from django.db.transaction import on_commit", ["on_commit"]),
        ("from django.db import connection", ["connection"]),
        ("Message.objects.select_for_update()", ["select_for_update"]),
        ("message.save()", ["save"]),
        ("later = partial(message.save)", ["save"]),
        ("getattr(message, 'save')()", ["save"]),
        ("Message.objects.filter(pk=1).update(status='x')", ["update"]),
        ("for row in rows: row.delete()", ["delete"]),
        ("OptOut.objects.get_or_create(number=number)", ["get_or_create"]),
        ("super().save_model(request, row, form, change)", ["save_model"]),
        ("Message.objects.filter(pk=1).reach_goal(goal)", ["reach_goal"]),
        ("rows = OptOut.objects.filter(pk=1)\nrows.lift()", ["lift"]),
        ("for row in OptOut.objects.all(): row.lift()", ["lift"]),
        ("def act(queryset: QuerySet[OptOut]): queryset.lift()", ["lift"]),
        ("def act(row: Message | None): row.reach_goal(goal)", ["reach_goal"]),
        ("if row := OptOut.objects.first(): row.lift()", ["lift"]),
    ],
)
def test_checker_finds_a_planted_violation(source, found):
    assert violations(source) == found


@pytest.mark.parametrize(
    "source",
    [
        "@transaction.non_atomic_requests\ndef view(request): ...",
        "class View:\n    def delete(self, request): return services.cancel_verification()",
        "class Admin:\n    def save_model(self, request, row, form, change): services.opt_out(number=row.number)",
        "request.session['key'] = 1",
        "LogEntry.objects.log_actions(user_id, rows, CHANGE)",
        "shown = {**document, 'error': error}",
        "with path.open() as file: file.close()",
        "form.refuse(refusal)",
        "Message.objects.filter(status='SENT').count()",
    ],
)
def test_checker_accepts_what_writes_no_row(source):
    assert violations(source) == []
