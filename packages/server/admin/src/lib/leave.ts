// The sign-out of a page.

/** Loads the page anew, which clears its memory and keeps the address for the next user. */
export function leave(): void {
  location.reload();
}

/** A browser's "back" may show the old page with its sessions after the user signed out in another tab. */
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) leave();
});
