// The frameworks that have build tools of their own: how each is built and started. Programs are those in
// node_modules/.bin.

const TYPES = ["tsc", "--noEmit"];

/**
 * @typedef {object} App
 * @property {string} name printed with the result
 * @property {string} folder the application, in this folder; docs/guide/meta-frameworks.md quotes its files
 * @property {string} main the package whose version is printed
 * @property {string} [page] a page with more files, in a section of this name
 * @property {Record<string, string>} [env] for the commands that build it
 * @property {string[][]} build the commands that build it and check its types; a path is a script's
 * @property {(port: string) => string[]} [start] the command that serves it; without one, building it is the test
 * @property {boolean} [hasForms] whether it answers browsers with pages, not only programs
 * @property {boolean} [supposesHttps] whether it assumes a proxy that speaks HTTPS
 */

/** @type {App[]} */
export const APPS = [
  {
    name: "Next.js",
    folder: "next",
    main: "next",
    build: [["next", "build"]],
    start: (port) => ["next", "start", "--hostname", "127.0.0.1", "--port", port],
    hasForms: true,
  },
  {
    name: "Nitro",
    folder: "nitro",
    main: "nitro",
    build: [TYPES, ["nitro", "build"]],
    start: () => [".output/server/index.mjs"],
    hasForms: false,
  },
  {
    name: "React Router",
    folder: "react-router",
    main: "react-router",
    build: [["react-router", "typegen"], TYPES, ["react-router", "build"]],
    start: () => ["react-router-serve", "build/server/index.js"],
    hasForms: true,
  },
  {
    name: "SvelteKit",
    folder: "sveltekit",
    main: "@sveltejs/kit",
    build: [["svelte-kit", "sync"], TYPES, ["vite", "build"]],
    start: () => ["build/index.js"],
    hasForms: true,
    supposesHttps: true,
  },
  {
    name: "Nuxt",
    folder: "nuxt",
    main: "nuxt",
    build: [["nuxt", "build"], TYPES],
    start: () => [".output/server/index.mjs"],
    hasForms: false,
  },
  {
    name: "Astro",
    folder: "astro",
    main: "astro",
    build: [["astro", "build"], TYPES],
    start: () => ["dist/server/entry.mjs"],
    hasForms: true,
  },
  {
    name: "TanStack Start",
    folder: "tanstack-start",
    main: "@tanstack/react-start",
    build: [["vite", "build"], TYPES],
    start: () => ["./serve.mjs"],
    hasForms: true,
  },
  {
    name: "Jest, Vitest and supertest",
    folder: "edges",
    main: "jest",
    page: "docs/testing.md",
    env: { NODE_ENV: "test", NODE_OPTIONS: "--experimental-vm-modules" },
    build: [["jest"], ["vitest", "run"], ["tsc", "-p", "cjs"], ["cjs/dist/program.js"]],
  },
];
