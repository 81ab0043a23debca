// The end of being signed in on a page.

/** Loads the page anew: what it showed and kept goes with its memory, and the same address is there for whoever signs in next. */
export function leave(): void {
  location.reload();
}

/** A browser's "back" may show the page as it was, sessions and all, after its user signed out in another tab. */
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) leave();
});
