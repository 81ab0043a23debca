# Sessions in Redis, with an expiry.
import json
import os
import secrets

import redis
from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()
client = redis.Redis.from_url(os.environ["SESSIONS_REDIS"], decode_responses=True)


def current_user(x_session_token: str = Header(None)):
    text = client.get(f"session:{x_session_token}")
    if text is None:
        raise HTTPException(status_code=401, detail="Not authenticated")
    return json.loads(text)


@app.post("/login")
def login():
    token = secrets.token_urlsafe(32)
    client.setex(f"session:{token}", 3600, json.dumps({"username": "john_doe", "user_id": 1}))
    return {"session_token": token}


@app.get("/profile")
def profile(user: dict = Depends(current_user)):
    return {"username": user["username"], "user_id": user["user_id"]}


@app.post("/logout")
def logout(x_session_token: str = Header(None)):
    client.delete(f"session:{x_session_token}")
    return {"message": "Logged out successfully"}
