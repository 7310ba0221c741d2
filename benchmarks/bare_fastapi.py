"""A FastAPI route with nothing in it: what `/health/live` is compared with."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/live")
async def live() -> dict[str, str]:
    """What any health check answers."""
    return {"status": "ok"}
