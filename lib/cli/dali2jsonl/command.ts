/** The command dali2jsonl: its options, and its help. */
import { defineCommand, usageError } from "../command.ts";
import { archivePackets } from "./archiver.ts";
import { readConfig } from "./config.ts";

const NOTES = `The configuration, as simpledali's command of the same name has it:

  [datalink]
  # host and port of the server; localhost and 16000 if not given
  host = "localhost"
  port = 16000
  # or its address for WebSocket, instead of host and port
  websocket = "ws://localhost:18000/datalink"
  # regular expression for the stream ids
  match = ".*/(BZ)?JSON"

  [jsonl]
  # where to write; of the packet's data start time and source id:
  # %n network, %s station, %l location, %c channel,
  # %Y year, %j day of the year, %H hour, %M minute, %S second
  write = "jsonl/%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl"
  # compress a file so many days after its last line, to one named .gz; never if
  # not given (not in simpledali)
  gzip_after_days = 1

  [jsonl.bandwrite]
  # other files for a band code, or those of another band
  W = "jsonl/%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.jsonl"
  V = "W"

An empty match means all streams; a key that is not known has no effect, and is
told. In a pattern, # and a % at the end stand for themselves.

It reconnects by itself, and goes on where it stopped: its position is in a hidden
file in the directory of the archive, named after the configuration. What is not
JSON is kept beside the file that it would have gone to, in one named .rejected.

"dali2jsonl completion SHELL" prints what makes bash, zsh or fish complete options.

It runs until it is interrupted (SIGINT, SIGTERM), and then ends when everything is
on the disk. Exit codes: 0 ended when asked to, 1 something that does not mend by
itself, 2 a configuration or command line that makes no sense.`;

export const dali2jsonl = defineCommand({
  name: "dali2jsonl",
  summary: "Archive the JSON packets of a DataLink server as JSON Lines, one file per stream and time.",
  operands: "",
  options: {
    conf: { type: "string", short: "c", value: "CONF", help: "configuration as TOML (required)" },
    verbose: { type: "boolean", short: "v", help: "show every packet" },
    earliest: {
      type: "boolean",
      help: "begin with the earliest packet of the server, not with those to come; where it stopped goes before, unless --no-resume is given",
    },
    "no-resume": { type: "boolean", help: "do not go on where it stopped the last time" },
  },
  notes: NOTES,
  async run({ options, operands, io }) {
    const { conf, verbose = false, earliest = false } = options;
    if (operands.length > 0) throw usageError(`${operands[0]}: give the configuration with --conf`);
    if (conf === undefined) throw usageError("give a configuration with --conf FILE");
    const config = await readConfig(conf);
    for (const note of config.notes) io.stderr.write(`dali2jsonl: ${note}\n`);
    return await archivePackets(config, { verbose, earliest, resume: !options["no-resume"] }, io);
  },
});
