// Style sheets, which scripts import for their effect alone.
declare module "*.css";
