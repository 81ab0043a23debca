// A few inputs for every property, anew each day; `npm run test:long -- fuzz` tries a million.

import { after } from "node:test";
import { testProperties } from "sessile-test-support/properties";
import { closeApp } from "./http-properties.ts";
import { properties } from "./properties.ts";

testProperties(properties);
after(closeApp);
