import { type RouteConfig, route } from "@react-router/dev/routes";

export default [
  route("login", "routes/login.tsx"),
  route("profile", "routes/profile.tsx"),
  route("api/me", "routes/me.ts"),
  route("visit", "routes/visit.tsx"),
  route("visits", "routes/visits.ts"),
  route("logout", "routes/logout.tsx"),
  route("revoke", "routes/revoke.ts"),
] satisfies RouteConfig;
