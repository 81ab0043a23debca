// The head of the start page. Its text below is docs/index.md, which reads well on GitHub too.

import { project } from "./project.mjs";

export const home = {
  layout: "home",
  hero: {
    name: project.title,
    text: project.tagline,
    tagline: "Nothing lost, nothing comes back, nothing to steal at rest.",
    actions: [
      { theme: "brand", text: "Start", link: "/guide/start" },
      { theme: "alt", text: "API reference", link: "/api/" },
    ],
  },
  features: [
    {
      title: "Nothing lost",
      details: "Two requests that change one session at the same time both keep their change.",
    },
    {
      title: "Nothing comes back",
      details: "After a sign-out, no slow request, cache or retry makes the session valid again.",
    },
    {
      title: "Nothing to steal at rest",
      details: "No store, log or list holds a usable token.",
    },
    {
      title: "Nothing to wait for",
      details: "A session adds almost nothing to the cost of a request. It is measured beside other libraries.",
    },
  ],
};
