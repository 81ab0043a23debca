// A few inputs for every property, anew each day; `npm run test:long -- fuzz` tries a million.

import { testProperties } from "sessile-test-support/properties";
import { properties } from "./properties.ts";

testProperties(properties);
