"""The relayer's HTTP surface: health, readiness, metrics, attestations and intents.

Everything is bounded: sizes by the server, work by what one request may ask for. Errors are JSON
with a reason. Nothing here shows a key, a url of an endpoint, or a row.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from bridge.errors import CausewayError
from bridge.types import ChainId
from relayer.attest import Attester, Published
from relayer.errors import DoubleStatement, IntentRefused
from relayer.intents import IntentDesk
from relayer.lanes import LaneId
from relayer.metrics import Health, Metrics
from relayer.statements import to_json

MAX_BODY = 16 * 1024
Answer = Callable[[Request], Awaitable[Response]]


def make_app(
    *,
    health: Health,
    metrics: Metrics,
    attesters: Mapping[ChainId, Attester],
    intents: IntentDesk | None,
) -> FastAPI:
    """Return the application; roles that the process does not play answer 404."""
    app = FastAPI(title="Causeway relayer", docs_url=None, redoc_url=None, openapi_url=None)

    app.middleware("http")(_bounded)
    _add_health(app, health, metrics)
    if attesters:
        _add_attestations(app, attesters)
    if intents is not None:
        _add_intents(app, intents)
    return app


async def _bounded(request: Request, call_next: Answer) -> Response:
    """Refuse a body that is too long, or whose length is not said, before reading it."""
    length = request.headers.get("content-length", "0")
    if request.method == "POST" and (not length.isdigit() or not 0 < int(length) <= MAX_BODY):
        return JSONResponse({"detail": f"a body of 1 to {MAX_BODY} bytes"}, status_code=413)
    return await call_next(request)


def _add_health(app: FastAPI, health: Health, metrics: Metrics) -> None:
    @app.get("/health")
    async def is_alive() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/ready")
    async def is_ready() -> JSONResponse:
        reasons = health.reasons(int(time.time()))
        return JSONResponse(
            {"ready": not reasons, "reasons": reasons, "problems": health.problems},
            status_code=503 if reasons else 200,
        )

    @app.get("/metrics")
    async def figures() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")


def _add_attestations(app: FastAPI, attesters: Mapping[ChainId, Attester]) -> None:
    @app.get("/attestations/{source}/{lane}")
    async def attestations(
        source: int, lane: int, count: Annotated[int | None, Query(ge=1, lt=2**32)] = None
    ) -> dict[str, Any]:
        attester = attesters.get(ChainId(source))
        if attester is None:
            raise HTTPException(404, "this relayer does not attest that chain")
        key = LaneId(source=ChainId(source), destination=ChainId(lane))
        found = await _published(attester, key, count)
        return {
            "source": source,
            "lane": lane,
            "signer": "0x" + attester.address.hex(),
            "finalized": found.finalized,
            "statements": [to_json(vote) for vote in found.votes],
        }


async def _published(attester: Attester, key: LaneId, count: int | None) -> Published:
    """Return what is published, or raise the HTTP error that says why nothing is."""
    try:
        found = await attester.published(key, count, now=int(time.time()))
    except DoubleStatement as error:
        raise HTTPException(409, str(error)) from None
    except CausewayError:
        raise HTTPException(503, "the chain cannot be read now") from None
    if found is None:
        raise HTTPException(404, "no such lane")
    return found


def _add_intents(app: FastAPI, desk: IntentDesk) -> None:
    @app.get("/intents/terms")
    async def terms() -> dict[str, Any]:
        return desk.terms()

    @app.post("/intents", status_code=202)
    async def take(request: Request) -> dict[str, Any]:
        try:
            return await desk.take(await request.json(), now=int(time.time()))
        except IntentRefused as refused:
            raise HTTPException(refused.status, refused.reason) from None
        except (ValueError, RecursionError):
            raise HTTPException(400, "the body is no JSON") from None
        except CausewayError:
            raise HTTPException(503, "the chain cannot be read now") from None

    @app.get("/intents/{key}")
    async def status(key: str) -> dict[str, Any]:
        found = await desk.status(key)
        if found is None:
            raise HTTPException(404, "no such intent")
        return found
