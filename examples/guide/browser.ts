import cors from "cors";
import express from "express";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/express";

const { NODE_ENV, PORT = "3000" } = process.env;
const trustedOrigins = NODE_ENV === "production" ? ["https://app.shop.example"] : ["http://localhost:5173"];
const manager = new SessionManager({
  store: memoryStore(),
  transports: [cookieTransport({ trustedOrigins })],
});

const app = express();
app.use(express.static("public", { maxAge: "1y" })); // above `sessions`: files are the same for all users
app.use(cors({ origin: trustedOrigins, credentials: true }));
app.use(sessions(manager));
app.get("/", (req, res) => {
  res.json({ user: req.session.userId });
});
app.post("/login", async (req, res) => {
  await req.session.signIn("1");
  res.json({});
});

app.listen(Number(PORT));
