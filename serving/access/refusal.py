"""A request that is not let in: said as JSON to a program, as a page to a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from serving.web.headers import PAGE_POLICY, PRIVATE
from training.document.render import make_environment

__all__ = ["LOGIN", "Refusal", "show_page", "wants_page"]

LOGIN = "/login"
_TITLES = {
    401: "Who is asking?",
    403: "Not for this key",
    404: "Nothing is here",
    413: "Too much at once",
    429: "Too many requests",
    503: "Not now",
}


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let in.

    Parameters
    ----------
    status : int
        Of HTTP.
    text : str
        What is wrong and what to do, in a sentence; nothing of what was sent.
    headers : mapping
        Beside those of every answer.
    problems : sequence of mapping
        What was sent that cannot be read, as in an answer 400.
    """

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Mapping[str, str]] = ()

    def answer(self, scope: Scope, *, has_login: bool) -> Response:
        """Return the answer for whoever asked, a browser or a program."""
        if not wants_page(scope):
            body = json.dumps({"error": self.text, "problems": [*self.problems]}).encode("ascii")
            headers = {**PRIVATE, **self.headers}
            return Response(body, self.status, headers, media_type="application/json")
        if self.status == 401 and has_login and scope["method"] == "GET":
            return RedirectResponse(LOGIN, 303, headers=PRIVATE)
        title = _TITLES.get(self.status, "Not let in")
        return show_page(
            "refused.html",
            self.status,
            self.headers,
            title=title,
            text=self.text,
            login=LOGIN if has_login and self.status in (401, 403) else "",
        )


def show_page(
    template: str, status: int = 200, more: Mapping[str, str] | None = None, **values: object
) -> Response:
    """Return a page of this room."""
    html = make_environment("serving.access").get_template(template).render(**values)
    # Without a referrer to their own site, browsers send forms from an origin called "null".
    headers = {**PRIVATE, "Content-Security-Policy": PAGE_POLICY, **(more or {})}
    return HTMLResponse(html, status, headers=headers)


def wants_page(scope: Scope) -> bool:
    """Return whether a browser asks for a page to show."""
    return "text/html" in Headers(scope=scope).get("accept", "")
