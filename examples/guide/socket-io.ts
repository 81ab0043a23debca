import { createServer, type IncomingMessage } from "node:http";
import express from "express";
import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
import { sessions } from "sessile/express";
import { Server, type Socket } from "socket.io";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const app = express();
const server = createServer(app);
app.use(sessions(manager));
app.post("/login", async (req, res) => {
  await req.session.signIn("1");
  res.json({});
});
app.post("/logout", async (req, res) => {
  await req.session.signOut();
  res.json({});
});

const io = new Server(server);
io.engine.use(sessions(manager));

const sessionOf = ({ request }: Socket): Session => (request as IncomingMessage & { session: Session }).session;

io.use((socket, next) => next(sessionOf(socket).isSignedIn() ? undefined : new Error("Not authenticated")));
io.on("connection", (socket) => {
  const stop = sessionOf(socket).onEnded(() => socket.disconnect(true));
  socket.on("disconnect", stop);
});

server.listen(Number(process.env.PORT ?? 3000));
