"use server";
import { redirect } from "next/navigation";
import { action } from "../lib/session";

export const visit = action(async (session) => {
  session.update("visits", (visits) => Number(visits ?? 0) + 1);
});

export const signOut = action(async (session) => {
  await session.signOut();
  redirect("/login");
});
