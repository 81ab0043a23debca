// src/app.d.ts
import type { Session } from "sessile";

declare global {
  namespace App {
    interface Locals {
      session: Session;
    }
  }
}
