# The same answer without a session.
from fastapi import FastAPI

app = FastAPI()


@app.get("/profile")
def profile():
    return {"username": "john_doe", "user_id": 1}
