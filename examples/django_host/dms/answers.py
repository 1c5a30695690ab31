"""Answers and mistakes as HTTP."""

from collections.abc import Callable
from dataclasses import asdict

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse

import engine
from engine import Answer, GongdanError, Refused

MISTAKES = {
    engine.CaseNotFound: 404,
    engine.CaseExists: 409,
    engine.StaleVersion: 412,
    engine.BadCommand: 422,
    engine.UnknownCommand: 422,
    engine.CommandConflict: 422,
    engine.Contended: 503,
    engine.StoreUnavailable: 503,
}


def told(answer: Answer) -> HttpResponse:
    """200, or 409 with every clause, its reason and the next step in both languages."""
    if not isinstance(answer, Refused):
        return JsonResponse({"state": answer.state, "version": answer.version})
    violations = [
        {"clause": each.clause, "reason": asdict(each.text), "next_step": asdict(each.next_step)}
        for each in answer.refusals
    ]
    return JsonResponse({"title": "refused", "state": answer.state, "violations": violations}, status=409)


class Mistakes:
    """The middleware that tells a mistake, after the view's transaction was rolled back."""

    def __init__(self, view: Callable[[HttpRequest], HttpResponse]) -> None:
        """As Django makes it."""
        self._view = view

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on."""
        return self._view(request)

    def process_exception(self, _request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A 4xx for what is the caller's, None for what is not."""
        if isinstance(error, IntegrityError):
            return JsonResponse(
                {"title": "Conflict", "zh": "该车已在店。", "en": "This vehicle is here already."}, status=409
            )
        status = next((status for kind, status in MISTAKES.items() if isinstance(error, kind)), None)
        if status is None or not isinstance(error, GongdanError):
            return None
        return JsonResponse({"title": type(error).__name__, **asdict(error.text)}, status=status)
