// The configuration of Next.js: the folder is complete in itself, wherever it is.
export default { turbopack: { root: import.meta.dirname }, outputFileTracingRoot: import.meta.dirname };
