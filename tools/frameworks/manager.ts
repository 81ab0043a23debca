// What docs/frameworks.md takes for granted, as a file of the application: the manager, and who a form is from.
import { cookieTransport, memoryStore, SessionManager } from "sessile";

const shared = globalThis as { sessions?: SessionManager };
shared.sessions ??= new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });

export const manager = shared.sessions;

export const userOf = async (form: FormData): Promise<string> => String(form.get("user"));
