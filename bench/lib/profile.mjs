// Takes a CPU profile of this process, for the developer tools of a browser.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { setTimeout as pause } from "node:timers/promises";

export async function writeProfile(file, ms) {
  const inspector = new Session();
  inspector.connect();
  await inspector.post("Profiler.enable");
  await inspector.post("Profiler.setSamplingInterval", { interval: 200 });
  await inspector.post("Profiler.start");
  await pause(ms);
  const { profile } = await inspector.post("Profiler.stop");
  inspector.disconnect();
  writeFileSync(file, JSON.stringify(profile));
}
