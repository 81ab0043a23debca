// K1, measured: can the time of an answer tell who exists? Run by hand on a quiet machine, `node
// build-test/sign-in/measure-timing.js 100`; it prints medians and a Kolmogorov–Smirnov test, and judges nothing.

import { PasswordHasher } from "#dist/identity/users/password-hash.js";
import { login, NO_DELAYS, PASSWORD, startSignIn } from "./sign-in-app.ts";

const rounds = Number(process.argv[2] ?? 100);
const ends: (() => Promise<void>)[] = [];
const hasher = new PasswordHasher();
const app = await startSignIn({ after: (end) => void ends.push(end) }, { rules: NO_DELAYS, hasher });
const hash = await hasher.hash(Buffer.from(PASSWORD));
for (const name of ["current", "disabled"]) app.users.add(name, hash);
app.users.add("older", await new PasswordHasher({ ln: 14 }).hash(Buffer.from(PASSWORD)));
const disabled = app.users.find("disabled");
if (disabled !== null) app.users.disable(disabled);

const names = ["unknown", "current", "disabled", "older", "unknown-too"];
const times = new Map<string, number[]>(names.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (let index = 0; index < names.length; index++) {
    const name = names[(index + round) % names.length] as string; // no name always comes after the same one
    const start = performance.now();
    await login(app.url, name, name === "disabled" ? PASSWORD : "wrong password!!");
    times.get(name)?.push(performance.now() - start);
  }
}

const unknown = times.get("unknown") ?? [];
for (const [name, sample] of times) {
  const difference = (median(sample) / median(unknown) - 1) * 100;
  const { d, p } = kolmogorovSmirnov(unknown, sample);
  const words = [
    `${median(sample).toFixed(1)} ms`,
    `${difference.toFixed(2)} %`,
    `D=${d.toFixed(3)}`,
    `p=${p.toFixed(3)}`,
  ];
  console.log(name.padEnd(12), ...words.map((word) => word.padStart(10)));
}
for (const end of ends) await end();

function median(sample: readonly number[]): number {
  return sample.toSorted((a, b) => a - b)[sample.length >> 1] as number;
}

/** The largest distance of the two distributions, and how likely one so large is when they are the same. */
function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): { d: number; p: number } {
  const below = (sample: readonly number[], x: number): number => sample.filter((y) => y <= x).length / sample.length;
  const d = Math.max(...[...a, ...b].map((x) => Math.abs(below(a, x) - below(b, x))));
  const size = Math.sqrt((a.length * b.length) / (a.length + b.length));
  const lambda = (size + 0.12 + 0.11 / size) * d;
  const terms = Array.from({ length: 100 }, (_, k) => 2 * (-1) ** k * Math.exp(-2 * (k + 1) ** 2 * lambda ** 2));
  return {
    d,
    p:
      d === 0
        ? 1
        : Math.min(
            1,
            terms.reduce((sum, term) => sum + term, 0),
          ),
  };
}
