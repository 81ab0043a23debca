// The part of express-session that `sessile/express-session` is made of. For the build alone: `@types/express-session`
// gives the requests of Express a `session` of another type than `sessile/express` does.

// biome-ignore lint/suspicious/noExplicitAny: the entry itself says what it expects.
declare const session: { readonly Store: any };

export default session;
