# FastAPI with the sessions of a Sessile server, which this app uses with an API key. Try it:
#   SESSILE_URL=http://127.0.0.1:8000 SESSILE_KEY=sak_… uvicorn app:app --port 3002
import os
from httpx import AsyncClient, Response
from fastapi import Depends, FastAPI, HTTPException, Request

COOKIE = os.environ.get("SESSILE_COOKIE", "__Host-session")
sessile = AsyncClient(base_url=os.environ["SESSILE_URL"], headers={"X-API-Key": os.environ["SESSILE_KEY"]}, timeout=5)
app = FastAPI()


class Session:
    def __init__(self, token: str, user_id: str, data: dict):
        self.token, self.user_id, self.data, self.changed = token, user_id, data, {}

    def __setitem__(self, key: str, value: object) -> None:
        self.data[key] = self.changed[key] = value


async def ask(method: str, path: str, token: str, **more: object) -> Response:
    answer = await sessile.request(method, path, headers={"X-Session-Token": token}, **more)
    if answer.status_code != 401 or answer.headers["www-authenticate"] == "ApiKey":
        answer.raise_for_status()  # 401 about the token means that nobody is signed in; all else is trouble
    return answer


@app.middleware("http")
async def sessions(request: Request, call_next):
    token = request.headers.get("x-session-token") or request.cookies.get(COOKIE)
    found = await ask("GET", "/sessions/current", token) if token else None
    signed_in = found is not None and found.status_code == 200
    session = Session(token, found.json()["user_id"], found.json()["data"]) if signed_in else None
    request.state.session = session
    response = await call_next(request)
    if session and session.changed and response.status_code < 500:  # stored before the response leaves
        await ask("PATCH", "/sessions/current/data", token, json={"set": session.changed})
    return response


def get_session(request: Request) -> Session:
    if request.state.session is None:
        raise HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})
    return request.state.session


@app.get("/profile")
async def profile(session: Session = Depends(get_session)):
    return {"user_id": session.user_id, "data": session.data}


@app.post("/cart/{item}")
async def add_to_cart(item: str, session: Session = Depends(get_session)):
    session["cart"] = [*session.data.get("cart", []), item]
    return {"cart": session.data["cart"]}
