export default { testMatch: ["**/test/app.test.js", "**/cjs/required.test.cjs"] };
