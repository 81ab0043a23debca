// The folder is whole in itself, wherever it lies.
export default { turbopack: { root: import.meta.dirname }, outputFileTracingRoot: import.meta.dirname };
