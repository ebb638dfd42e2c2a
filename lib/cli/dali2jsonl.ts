#!/usr/bin/env node
/** The program `dali2jsonl`: archives the JSON packets of a DataLink server as JSON Lines. */
import { dali2jsonl } from "./dali2jsonl/command.ts";
import { main } from "./main.ts";
import { withCompletion } from "./program.ts";

main(withCompletion(dali2jsonl));
