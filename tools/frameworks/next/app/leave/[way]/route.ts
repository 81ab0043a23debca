import { notFound, permanentRedirect, redirect, unauthorized } from "next/navigation";
import { withSession } from "sessile/web";
import { manager } from "../../../manager";

const WAYS: Readonly<Record<string, () => never>> = {
  redirect: () => redirect("/profile"),
  permanent: () => permanentRedirect("/profile"),
  missing: () => notFound(),
  refused: () => unauthorized(),
};

export const POST = withSession(manager, async (request, session, { params }: { params: Promise<{ way: string }> }) => {
  const { way } = await params;
  if (new URL(request.url).searchParams.has("user")) await session.signIn("1");
  session.update("visits", (visits) => Number(visits ?? 0) + 1);
  return WAYS[way]?.() ?? new Response(null, { status: 400 });
});
