// middleware/session.ts
import { sessions } from "sessile/h3";
import { manager } from "../manager";

export default sessions(manager);
