// The part of each application that is the same: the manager, and the user of a form.
import { cookieTransport, memoryStore, SessionManager } from "sessile";

const shared = globalThis as { sessions?: SessionManager };
shared.sessions ??= new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });

export const manager = shared.sessions;

export const userOf = async (form: FormData): Promise<string> => String(form.get("user"));
