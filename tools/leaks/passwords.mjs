// Where passwords are given to programs, so that they can be looked for in what these print.

/** The password in a URL such as `redis://user:password@host`; `undefined` when there is none. */
export function passwordOfUrl(text) {
  const [, password] = /\/\/[^:/]*:(.+)@[^@]*$/s.exec(text) ?? [];
  return password;
}
