// app/actions.ts
"use server";
import { redirect } from "next/navigation";
import { action } from "../lib/session";
import { userOf } from "../manager";

export const signIn = action(async (session, form: FormData) => {
  await session.signIn(await userOf(form));
  redirect("/profile");
});
