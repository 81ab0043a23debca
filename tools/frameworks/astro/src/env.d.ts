// src/env.d.ts
declare namespace App {
  interface Locals {
    session: import("sessile").Session;
  }
}
