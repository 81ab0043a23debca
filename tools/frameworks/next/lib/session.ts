// lib/session.ts
import { cookies, headers } from "next/headers";
import { sessions } from "sessile/next";
import { manager } from "../manager";

export const { readSession, action } = sessions(manager, { cookies, headers });
