// proxy.ts
import { NextResponse } from "next/server";
import { withSession } from "sessile/web";
import { manager } from "./manager";

export const proxy = withSession(manager, (request, session) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname.startsWith("/account") && !session.isSignedIn()) {
    return NextResponse.redirect(new URL("/login", request.url));
  }
  const campaign = searchParams.get("campaign");
  if (campaign !== null) session.set("campaign", campaign);
  return NextResponse.next();
});

export const config = { matcher: "/((?!_next/).*)" };
