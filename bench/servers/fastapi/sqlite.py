# Sessions in SQLite, through a connection a request.
import json
import os
import secrets
import sqlite3
from datetime import datetime, timedelta

from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()
PATH = os.environ["SESSIONS_DB"]


def connect():
    return sqlite3.connect(PATH)


with connect() as setup:
    setup.execute("PRAGMA journal_mode = wal")
    setup.execute("CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, user TEXT, expires_at TEXT)")


def current_user(x_session_token: str = Header(None)):
    connection = connect()
    try:
        row = connection.execute(
            "SELECT user, expires_at FROM sessions WHERE token = ?", (x_session_token,)
        ).fetchone()
        if row is None:
            raise HTTPException(status_code=401, detail="Not authenticated")
        if datetime.fromisoformat(row[1]) <= datetime.utcnow():
            connection.execute("DELETE FROM sessions WHERE token = ?", (x_session_token,))
            connection.commit()
            raise HTTPException(status_code=401, detail="Not authenticated")
        return json.loads(row[0])
    finally:
        connection.close()


@app.post("/login")
def login():
    token = secrets.token_urlsafe(32)
    user = json.dumps({"username": "john_doe", "user_id": 1})
    expires_at = (datetime.utcnow() + timedelta(hours=1)).isoformat()
    with connect() as connection:
        connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (token, user, expires_at))
    connection.close()
    return {"session_token": token}


@app.get("/profile")
def profile(user: dict = Depends(current_user)):
    return {"username": user["username"], "user_id": user["user_id"]}


@app.post("/logout")
def logout(x_session_token: str = Header(None)):
    with connect() as connection:
        connection.execute("DELETE FROM sessions WHERE token = ?", (x_session_token,))
    connection.close()
    return {"message": "Logged out successfully"}
