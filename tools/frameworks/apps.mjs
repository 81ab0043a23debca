// The frameworks that have build tools of their own: how each is built and started. Programs are those in
// node_modules/.bin.

const TYPES = ["tsc", "--noEmit"];

/**
 * @typedef {object} App
 * @property {string} name the section of docs/frameworks.md with its recipe
 * @property {string} folder the other files of the application, in this folder
 * @property {string} main the package whose version is printed
 * @property {string} [page] the page with the recipe, when it is another one
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
    name: "Jest, Vitest and supertest",
    folder: "edges",
    main: "jest",
    page: "docs/testing.md",
    env: { NODE_ENV: "test", NODE_OPTIONS: "--experimental-vm-modules" },
    build: [["jest"], ["vitest", "run"], ["tsc", "-p", "cjs"], ["cjs/dist/program.js"]],
  },
];
