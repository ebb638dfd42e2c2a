/** `datalink token`: makes and reads the JSON Web Tokens with which servers let somebody write. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { decodeJwt, SignJWT } from "jose";
import { TokenVerifier, tokenSecret } from "../../server/access/json-web-token.ts";
import { CommandError, defineCommand, EXIT_FAILED, EXIT_OK, usageError } from "../command.ts";
import { STANDARD } from "../input.ts";
import { defineGroup } from "../program.ts";
import { printJson } from "./table.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, y: 31_557_600 } as const;
const SECRET = {
  type: "string",
  value: "FILE",
  help: "the secret, at least 32 bytes, is in this file",
} as const;

const make = defineCommand({
  name: "datalink token make",
  summary: "Make a token (HS256).",
  operands: "",
  options: {
    user: { type: "string", short: "u", value: "NAME", help: "whose token it is (required)" },
    write: { type: "string", short: "w", value: "REGEX", help: "stream ids that may be written" },
    read: { type: "string", short: "r", value: "REGEX", help: "stream ids that may be read, default all" },
    expires: { type: "string", short: "e", value: "TIME", help: "from now: 12h, 30d, 1y (required)" },
    "secret-file": SECRET,
  },
  notes:
    "The claims are those of simpledali: sub the user, exp the expiry, iat now, wpat and rpat the expressions.",
  async run({ options, operands, io }) {
    if (operands.length > 0) throw usageError(`${operands[0]}: there is nothing to name here but options`);
    const { user, expires, write, read } = options;
    if (user === undefined) throw usageError("say whose token it is with --user");
    for (const pattern of [write, read]) checkExpression(pattern);
    const now = Math.floor(Date.now() / 1000);
    const exp = now + lifetime(expires);
    const secret = tokenSecret(await readSecret(options["secret-file"]));
    const claims = new SignJWT({ exp, iat: now, sub: user, wpat: write, rpat: read });
    const signed = await claims.setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);
    io.stdout.write(`${signed}\n`);
    return EXIT_OK;
  },
});

const read = defineCommand({
  name: "datalink token read",
  summary: "Show what a token says, and with the secret whether it is valid.",
  operands: "FILE",
  options: { "secret-file": SECRET },
  notes:
    "Exit codes: 0 it is valid, or was not checked; 1 it is not valid or no token; 2 a command line that makes no sense.",
  async run({ options, operands, io }) {
    const [file, extra] = operands;
    if (file === undefined || extra !== undefined)
      throw usageError("name the file that has the token, or - for standard input");
    const token = (file === STANDARD ? await text(io.stdin) : await readFile(file, "utf8")).trim();
    const claims = claimsOf(token);
    if (claims === undefined) throw new CommandError(`${file} holds no JSON Web Token`);
    const now = Date.now() / 1000;
    const { exp } = claims;
    const expiry = typeof exp === "number" ? { expiresInSeconds: Math.round(exp - now) } : {};
    if (options["secret-file"] === undefined) return await printJson(io, { ...claims, ...expiry });
    const verifier = new TokenVerifier({ secret: await readSecret(options["secret-file"]) });
    const isValid = (await verifier.verify(token, now)) !== undefined;
    await printJson(io, { ...claims, ...expiry, valid: isValid });
    return isValid ? EXIT_OK : EXIT_FAILED;
  },
});

export const token = defineGroup(
  "datalink token",
  "Make and read the tokens with which servers let somebody write.",
  [make, read],
);

function lifetime(given: string | undefined): number {
  const parts = /^(\d{1,6})([smhdy])$/.exec(given ?? "");
  if (!parts) throw usageError("say how long it is valid with --expires, such as 12h, 30d or 1y");
  return Number(parts[1]) * SECONDS[parts[2] as keyof typeof SECONDS];
}

function checkExpression(pattern: string | undefined): void {
  if (pattern === "")
    throw usageError("an empty expression allows no stream: leave the option out, or give .*");
  try {
    new RegExp(pattern ?? "");
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

async function readSecret(file: string | undefined): Promise<string> {
  if (file === undefined) throw usageError("name the file that has the secret with --secret-file");
  return (await readFile(file, "utf8")).trim();
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
