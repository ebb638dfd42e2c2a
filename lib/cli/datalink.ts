#!/usr/bin/env node
/** The program `datalink`: asks, reads, writes, serves and relays DataLink from the shell. */
import { datalink } from "./datalink/program.ts";
import { main } from "./main.ts";

main(datalink);
