// Every property of the library, in the order in which a request meets them.

import type { Property } from "sessile-test-support/properties";
import { codecProperties } from "./codec-properties.ts";
import { crossSiteProperties } from "./cross-site-properties.ts";
import { deltaProperties } from "./delta-properties.ts";
import { jsonProperties } from "./json-properties.ts";
import { modelProperties } from "./model-properties.ts";
import { optionProperties } from "./option-properties.ts";
import { raceProperties } from "./race-properties.ts";
import { requestProperties } from "./request-properties.ts";
import { tokenProperties } from "./token-properties.ts";
import { transportProperties } from "./transport-properties.ts";

export const properties: readonly Property[] = [
  ...tokenProperties,
  ...transportProperties,
  ...crossSiteProperties,
  ...jsonProperties,
  ...deltaProperties,
  ...codecProperties,
  ...optionProperties,
  ...requestProperties,
  ...modelProperties,
  ...raceProperties,
];
