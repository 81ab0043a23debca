// The address of the page. Links within the page are followed without a load; all others are left to the browser.

import { useEffect, useState } from "preact/hooks";

export interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
}

const CHANGED = "page:address";

const read = (): Address => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export function useAddress(): Address {
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const look = (): void => setAddress(read());
    for (const event of ["popstate", CHANGED]) addEventListener(event, look);
    document.addEventListener("click", follow);
    return () => {
      for (const event of ["popstate", CHANGED]) removeEventListener(event, look);
      document.removeEventListener("click", follow);
    };
  }, []);
  return address;
}

export function go(url: string): void {
  history.pushState(null, "", url);
  dispatchEvent(new Event(CHANGED));
  scrollTo(0, 0);
}

function follow(event: MouseEvent): void {
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const link = (event.target as Element).closest?.("a[href]");
  if (!isPlain || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
  if (link.origin !== location.origin || link.hash !== "" || link.target !== "") return;
  event.preventDefault();
  go(link.pathname + link.search);
}
