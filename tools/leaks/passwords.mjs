// The places where programs receive passwords, so that their output can be searched for these.

/** The password in a URL such as `redis://user:password@host`; `undefined` when there is none. */
export function passwordOfUrl(text) {
  const [, password] = /\/\/[^:/]*:(.+)@[^@]*$/s.exec(text) ?? [];
  return password;
}
