// Every property of the server.

import type { Property } from "sessile-test-support/properties";
import { configProperties } from "./config-properties.ts";
import { httpProperties } from "./http-properties.ts";
import { textProperties } from "./text-properties.ts";

export const properties: readonly Property[] = [...configProperties, ...textProperties, ...httpProperties];
