// The routes that newer releases of Caddy than the one at hand make of `forward_auth`, put in the place of its own.

/** From 2.10 on a header is set where the answer has a value; from 2.11.2 on it is removed before. */
export type CaddyRelease = "2.10" | "2.11.2";

/** `config` with the routes that `release` makes of `copy_headers` with `names`. */
export function asRelease(release: CaddyRelease, names: readonly string[]): (config: object) => object {
  const routes = [{ handle: [{ handler: "vars" }] }, ...names.flatMap((name) => routesOf(release, name))];
  return (config) =>
    JSON.parse(JSON.stringify(config), (key, value) =>
      key === "handle_response" ? [{ match: { status_code: [2] }, routes }] : value,
    ) as object;
}

function routesOf(release: CaddyRelease, name: string): object[] {
  const value = `{http.reverse_proxy.header.${name}}`;
  const remove = { handle: [{ handler: "headers", request: { delete: [name] } }] };
  const set = {
    handle: [{ handler: "headers", request: { set: { [name]: [value] } } }],
    match: [{ not: [{ vars: { [value]: [""] } }] }],
  };
  return release === "2.10" ? [set] : [remove, set];
}
