// Serves the built application, which is a function of a request.
import { serve } from "srvx";
import app from "./dist/server/server.js";

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: process.env.HOST });
