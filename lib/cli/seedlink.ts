#!/usr/bin/env node
/** The program `seedlink`: asks and reads SeedLink servers from the shell. */
import { main } from "./main.ts";
import { seedlink } from "./seedlink/program.ts";

main(seedlink);
