# FastAPI with the sessions of a Sessile server, which this app uses with an API key. Try it:
#   SESSILE_URL=http://127.0.0.1:8000 SESSILE_KEY=sak_… uvicorn app:app --port 3002
# With an API key the app is what the browser talks to: reading cookies and refusing other sites' requests are its part.
import os, re
from typing import Callable
from httpx import AsyncClient, HTTPError, Response as Answer
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

COOKIE = os.environ.get("SESSILE_COOKIE", "__Host-session")
TOKEN = re.compile("[0-9A-Za-z_]{1,200}")
sessile = AsyncClient(base_url=os.environ["SESSILE_URL"], headers={"X-API-Key": os.environ["SESSILE_KEY"]}, timeout=5)
app = FastAPI()


class Session:
    def __init__(self, token: str, read: Answer):
        self.token = token
        self.take(read)

    def take(self, read: Answer) -> None:
        self.user_id, self.data, self.etag = read.json()["user_id"], read.json()["data"], read.headers["etag"]

    async def update(self, key: str, change: Callable) -> None:
        """Stores change(value) under key; when another request wrote meanwhile, again with the value as it is now."""
        for _ in range(20):
            delta = {"set": {key: change(self.data.get(key))}}
            written = await ask("PATCH", "/sessions/current/data", self.token, {"If-Match": self.etag}, json=delta)
            if written.status_code != 412:
                return self.take(written)
            self.take(await ask("GET", "/sessions/current", self.token))
        raise HTTPException(503, "Service unavailable", {"Retry-After": "1"})


async def ask(method: str, path: str, token: str, headers: dict = {}, **more: object) -> Answer:
    answer = await sessile.request(method, path, headers={"X-Session-Token": token, **headers}, **more)
    if answer.status_code == 401 and answer.headers["www-authenticate"] != "ApiKey":  # that one is about the key
        raise not_signed_in(answer.headers["www-authenticate"])
    if answer.status_code in (413, 422):
        raise HTTPException(422, "This does not fit into a session")
    if answer.status_code != 412:
        answer.raise_for_status()  # all else is trouble
    return answer


@app.exception_handler(HTTPError)
async def unavailable(request: Request, error: HTTPError) -> JSONResponse:
    return JSONResponse({"detail": "Service unavailable"}, 503, {"Retry-After": "1"})


def not_signed_in(challenge: str) -> HTTPException:
    return HTTPException(401, "Not authenticated", {"WWW-Authenticate": challenge})


def cookies_of(request: Request) -> set[str]:
    """The values of our cookie. Names are compared as they are: request.cookies takes others for it that any subdomain can set."""
    pairs = [pair.strip(" \t") for line in request.headers.getlist("cookie") for pair in line.split(";")]
    return {pair[len(COOKIE) + 1 :] for pair in pairs if pair.startswith(COOKIE + "=")} - {""}


def is_cross_site(request: Request) -> bool:
    """Whether another site's page may have made the browser send this, as Sessile itself decides it."""
    site, origin, host = [request.headers.get(name, "") for name in ("sec-fetch-site", "origin", "host")]
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    return site not in ("same-origin", "none") if site else origin != "" and origin.partition("://")[2] != host


async def get_session(request: Request, response: Response) -> Session:
    response.headers["Cache-Control"] = "no-store"
    cookies = cookies_of(request)
    tokens = cookies | set(request.headers.getlist("x-session-token"))
    if cookies and is_cross_site(request):
        raise HTTPException(403, "Cross-site request refused")
    if len(tokens) > 1:
        raise HTTPException(400, "Conflicting credentials", {"WWW-Authenticate": 'Bearer error="invalid_request"'})
    if not tokens:
        raise not_signed_in("Bearer")
    token = tokens.pop()
    if not TOKEN.fullmatch(token):
        raise not_signed_in('Bearer error="invalid_token"')
    return Session(token, await ask("GET", "/sessions/current", token))


@app.get("/profile")
async def profile(session: Session = Depends(get_session)):
    return {"user_id": session.user_id, "data": session.data}


@app.post("/cart/{item}")
async def add_to_cart(item: str, session: Session = Depends(get_session)):
    await session.update("cart", lambda cart: [*(cart or []), item])
    return {"cart": session.data["cart"]}
