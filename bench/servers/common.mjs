// The parts that all servers share: users, data of their sessions, and answers.

/** Three small fields. */
export const DATA = { name: "Anna", theme: "dark", locale: "en-GB" };

export const userOf = (number) => `user-${String(number).padStart(7, "0")}`;

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The results of `count` calls, some of them under way at once, so that a store may group them. */
export async function each(count, make, atOnce = 256) {
  const results = [];
  for (let start = 0; start < count; start += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, count - start) }, (_, i) => start + i);
    results.push(...(await Promise.all(numbers.map(make))));
  }
  return results;
}

/** Cookies as long as those of Sessile, for servers that ignore them. */
export function plainCookies(count) {
  return Array.from({ length: count }, (_, i) => `Cookie: __Host-session=ses_${String(i).padStart(72, "0")}`);
}

/** Most headers that the load needs: every hundredth of a million sessions is met often enough. */
const MOST_HEADERS = 100_000;

/** A sample in even steps. */
export function some(list, most = MOST_HEADERS) {
  const step = Math.max(Math.floor(list.length / most), 1);
  return step === 1 ? list : list.filter((_, i) => i % step === 0);
}

/** Promises around a store that takes callbacks. */
export function called(target, method, ...args) {
  return new Promise((resolve, reject) => {
    target[method](...args, (error, value) => (error ? reject(error) : resolve(value)));
  });
}
