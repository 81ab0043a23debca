// Styles are the builder's: programs import them for their effect.
declare module "*.css";
