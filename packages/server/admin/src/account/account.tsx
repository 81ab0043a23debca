// The entry point of the users' own page.

import { render } from "preact";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/account.css";
import { App } from "./app.tsx";

render(<App />, document.getElementById("page") as HTMLElement);
