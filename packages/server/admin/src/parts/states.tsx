// Placeholders: while a page loads, when a list is empty, and when the server does not answer.

import type { ComponentChildren } from "preact";
import type { Loaded } from "../lib/load.ts";
import { isPassing, RequestError } from "../lib/request.ts";

/**
 * Shows `children` for the last loaded data; before the first load, a space of about its size; above both, any failure.
 */
export function Loading<T>({
  of,
  height,
  children,
}: {
  of: Loaded<T>;
  height: number;
  children: (data: T) => ComponentChildren;
}) {
  const { data, error } = of;
  return (
    <>
      {error !== null && <Trouble error={error} hasData={data !== null} />}
      {data !== null && children(data)}
      {data === null && error === null && (
        <div class="waiting" style={{ height: `${height}px` }} role="status" aria-label="Loading" />
      )}
    </>
  );
}

export function Trouble({ error, hasData }: { error: unknown; hasData: boolean }) {
  const isDown = error instanceof RequestError && error.status === 503;
  const title = isDown ? "The session store does not answer" : "The server cannot be asked";
  const rest = isPassing(error)
    ? `${hasData ? "The page shows the last known state. " : ""}Trying again every two seconds.`
    : (error as Error).message;
  return (
    <div class="notice bad" role="alert">
      <strong>{title}.</strong> {isDown && "It signs no user out: sessions work again as soon as the store is back. "}
      {rest}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>{title}</p>
      {children && <p class="muted">{children}</p>}
    </div>
  );
}
