"""The pages, one module a room; ``routes`` lists them all."""

from aiohttp import web

from webconsole import live, sip_relay
from webconsole.pages import (
    alerts,
    health,
    overview,
    pacing,
    patients,
    phone,
    prompts,
    recordings,
    signin,
)

ROUTES: list[web.RouteDef] = [
    web.get("/healthz", health.healthz),
    web.get("/sign-in", signin.form),
    web.post("/sign-in", signin.sign_in),
    web.post("/sign-out", signin.sign_out),
    web.post("/locale", signin.set_locale),
    web.get("/", overview.page),
    web.get("/overview/live", overview.part),
    web.get("/pacing", pacing.page),
    web.get("/pacing/live", pacing.part),
    web.get("/events", live.events, allow_head=False),
    web.get("/patients", patients.listing),
    web.get("/patients/{id}", patients.page),
    web.get("/patients/{id}/live", patients.part),
    web.get("/alerts", alerts.listing),
    web.get("/alerts/live", alerts.part),
    web.get("/alerts/count", alerts.badge),
    web.get("/alerts/{id}", alerts.page),
    web.post("/alerts/{id}/close", alerts.close),
    web.get("/recordings/{id}/audio", recordings.audio, allow_head=False),
    web.get("/prompts", prompts.listing),
    web.get("/prompts/sound", prompts.sound, allow_head=False),
    web.post("/prompts/recording", prompts.add),
    web.post("/prompts/recording/remove", prompts.remove),
    web.get("/phone", phone.page),
    web.get("/phone/desk", phone.part),
    web.post("/phone/next", phone.next_patient),
    web.post("/phone/credentials", phone.credentials),
    web.get("/phone/ws", sip_relay.relay, allow_head=False),
]
