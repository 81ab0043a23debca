export default { test: { globals: true, include: ["test/app.test.js"] } };
