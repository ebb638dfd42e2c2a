/** Says to a server which stations and streams are wanted, and where each begins: all that comes before END. */
import { begin, type Command, select, station } from "./protocol/commands.ts";
import { SeedLinkError } from "./protocol/errors.ts";
import { hasOneNumberForAll } from "./protocol/hello.ts";
import { type Reply, refusalError } from "./protocol/replies.ts";
import type { StationPlan } from "./resume.ts";
import type { SeedLinkSession } from "./session.ts";

/** A station that the server does not serve, and what it said. */
export interface RefusedStation {
  readonly station: string;
  readonly error: SeedLinkError;
}

/**
 * Sends the commands of each station. A station that is refused is left out, with all its commands: what follows a refused
 * STATION would count for all stations. A refused SELECT ends it, because the server would send every stream then.
 *
 * @throws SeedLinkError as the server answers; `SERVER_ERROR` where no station is left; what ended the connection
 */
export async function requestStations(
  session: SeedLinkSession,
  plans: readonly StationPlan[],
): Promise<RefusedStation[]> {
  const { connection } = session;
  const refused: RefusedStation[] = [];
  for (let i = 0; i < plans.length; i++) {
    const plan = plans[i]!;
    const command = station(plan.station, session.protocol);
    const reply = await connection.ask(command);
    if (reply.ok) await requestStreams(session, plan);
    else refused.push({ station: plan.station, error: refusalError(connection.name, command.name, reply) });
  }
  if (refused.length < plans.length) return refused;
  const names = plans
    .map((plan) => plan.station)
    .join(", ")
    .slice(0, 200);
  const advice = "check their names with INFO STATIONS";
  throw new SeedLinkError(
    "SERVER_ERROR",
    names === ""
      ? `${connection.name} has no station of those that are asked for: ${advice}.`
      : `${connection.name} serves none of the stations ${names}: ${advice}.`,
    { cause: refused[0]?.error },
  );
}

async function requestStreams(session: SeedLinkSession, plan: StationPlan): Promise<void> {
  const commands = [...plan.selects.map(select), begin(plan.begin, session.protocol)];
  const replies = await askAll(session, commands);
  for (const [i, reply] of replies.entries()) {
    if (reply.ok) continue;
    throw refusalError(session.connection.name, `${commands[i]!.name} for ${plan.station}`, reply);
  }
}

/** Together where each is answered; never across a STATION, whose refusal would change what follows it. */
async function askAll(session: SeedLinkSession, commands: readonly Command[]): Promise<Reply[]> {
  const { connection, protocol, hello } = session;
  if (protocol === 4 || hasOneNumberForAll(hello)) return await connection.askTogether(commands);
  const replies: Reply[] = [];
  for (const command of commands) {
    const reply = await connection.ask(command);
    replies.push(reply);
    if (!reply.ok) break;
  }
  return replies;
}
