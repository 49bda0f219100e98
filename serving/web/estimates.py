"""The addresses at which programs ask for estimates: one patient, or several at once."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.estimate.predictor import Predictor
from serving.estimate.request import parse_body
from serving.language.language import find_language
from serving.records.asking import ask, ask_batch
from serving.records.recorder import Recorder
from serving.web.answers import answer, find_caller
from serving.web.posted import read_body

__all__ = ["make_estimate_routes"]


def make_estimate_routes(
    get_predictor: Callable[[], Predictor], get_recorder: Callable[[], Recorder | None]
) -> list[Route]:
    """Return /predict and /predict_batch; both take JSON, whatever the body is called.

    Parameters
    ----------
    get_predictor : callable
        Returns the loaded model.
    get_recorder : callable
        Returns what records the answers; None where nothing is recorded.
    """

    async def predict(request: Request) -> object:
        content = parse_body(await read_body(request), "patient", optional=("panel",))
        return await ask(
            get_predictor(),
            get_recorder(),
            content["patient"],
            panel=content["panel"],
            caller=find_caller(request.scope),
        )

    async def predict_batch(request: Request) -> object:
        content = parse_body(await read_body(request), "patients")
        caller = find_caller(request.scope)
        return await ask_batch(get_predictor(), get_recorder(), content["patients"], caller=caller)

    async def show_estimate(request: Request) -> Response:
        texts = get_predictor().facts.texts
        return await answer(predict(request), find_language(request.scope).with_texts(texts))

    async def show_estimates(request: Request) -> Response:
        texts = get_predictor().facts.texts
        return await answer(predict_batch(request), find_language(request.scope).with_texts(texts))

    return [
        Route("/predict", show_estimate, methods=["POST"]),
        Route("/predict_batch", show_estimates, methods=["POST"]),
    ]
