// app/profile/page.tsx
import { redirect } from "next/navigation";
import { readSession } from "../../lib/session";

export default async function Profile() {
  const session = await readSession();
  if (!session.isSignedIn()) redirect("/login");
  return <p>{session.userId}</p>;
}
