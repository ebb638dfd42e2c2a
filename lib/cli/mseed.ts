#!/usr/bin/env node
/** The program `mseed`: looks at miniSEED files, checks and changes them. */
import { main } from "./main.ts";
import { archive } from "./mseed/archive.ts";
import { availability } from "./mseed/availability.ts";
import { convert } from "./mseed/convert.ts";
import { details } from "./mseed/details.ts";
import { get } from "./mseed/get.ts";
import { merge } from "./mseed/merge.ts";
import { samples } from "./mseed/samples.ts";
import { set } from "./mseed/set.ts";
import { validate } from "./mseed/validate.ts";
import { defineProgram } from "./program.ts";

const commands = [details, availability, validate, convert, get, set, merge, archive, samples];

main(defineProgram("mseed", "Look at miniSEED files, versions 2 and 3; check and change them.", commands));
