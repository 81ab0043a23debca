// Device families such as "Firefox on Linux" from a User-Agent: enough for people to recognise their sessions, too
// little to track them.

/** The order matters: most browsers also claim to be the ones they descend from. */
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:Edg|EdgA|EdgiOS)\//, "Edge"],
  [/\b(?:OPR|OPT|Opera)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bVersion\/[\d.]+.* Safari\//, "Safari"],
  [/^curl\//, "curl"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bWindows\b/, "Windows"],
  [/\bAndroid\b/, "Android"],
  [/\b(?:iPhone|iPad|iPod)\b/, "iOS"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** Program and system without versions; `null` when neither is known. No part of the header itself is returned. */
export function deviceFamily(userAgent: string | undefined): string | null {
  const text = (userAgent ?? "").slice(0, 512);
  const [program, system] = [nameIn(PROGRAMS, text), nameIn(SYSTEMS, text)];
  if (program === undefined) return system ?? null;
  return system === undefined ? program : `${program} on ${system}`;
}

function nameIn(names: typeof PROGRAMS, text: string): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1];
}
