# Sessions in a dictionary.
import secrets
from datetime import datetime, timedelta

from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()
sessions = {}


def current_user(x_session_token: str = Header(None)):
    session = sessions.get(x_session_token)
    if session is None:
        raise HTTPException(status_code=401, detail="Not authenticated")
    if session["expires_at"] <= datetime.utcnow():
        del sessions[x_session_token]
        raise HTTPException(status_code=401, detail="Not authenticated")
    return session["user"]


@app.post("/login")
def login():
    token = secrets.token_urlsafe(32)
    user = {"username": "john_doe", "user_id": 1}
    sessions[token] = {"user": user, "expires_at": datetime.utcnow() + timedelta(hours=1)}
    return {"session_token": token}


@app.get("/profile")
def profile(user: dict = Depends(current_user)):
    return {"username": user["username"], "user_id": user["user_id"]}


@app.post("/logout")
def logout(x_session_token: str = Header(None)):
    sessions.pop(x_session_token, None)
    return {"message": "Logged out successfully"}
