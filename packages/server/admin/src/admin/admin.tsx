// The entry point of the admin page.

import { render } from "preact";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/admin.css";
import { App } from "./app.tsx";

render(<App />, document.getElementById("page") as HTMLElement);
