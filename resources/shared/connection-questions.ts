/** What a dialog asks a server of its own: whether it answers. */
import { type Answer, ask, fieldValue, onPress } from "./dialog.ts";
import { firstAddress } from "./first-connection.ts";
import { text } from "./texts.ts";

/** What the dialog of a connection says at the moment. */
function connectionInDialog(id: string): object {
  const field = (name: string) => fieldValue(name, "node-config-input");
  return {
    id,
    address: field("address"),
    tls: field("tls") === "_ADD_" ? "" : field("tls"),
    auth: field("auth"),
    timeout: field("timeout"),
    clientName: field("clientName"),
    protocol: field("protocol"),
    plainAuth: $("#node-config-input-plainAuth").prop("checked") === true,
    credentials: {
      user: field("user"),
      password: field("password"),
      token: field("token"),
      creds: field("creds"),
    },
  };
}

/** The chosen connection, as the runtime knows it or, if it is not deployed yet, as the editor does. */
export function chosenConnection(): object {
  const address = firstAddress();
  if (address !== "") return { id: "", address };
  const id = fieldValue("connection");
  const node = RED.nodes.node(id);
  if (!node || (!node.changed && !node.moved)) return { id };
  const { tls, auth, timeout, clientName, protocol, plainAuth, credentials } = node;
  return { id, address: node.address, tls, auth, timeout, clientName, protocol, plainAuth, credentials };
}

/** What a server has answered, or why it has not. */
export function showAnswer(target: HTMLElement | string, { error, software, protocol, write }: Answer): void {
  const rights = text(write ? "may-write" : "may-read");
  $(target as HTMLElement)
    .toggleClass("datalink-bad", Boolean(error))
    .text(error ?? text("answers", { software, protocol, rights }));
}

/** What a SeedLink server has answered, or why it has not. */
export function showSeedLinkAnswer(target: HTMLElement | string, answer: Answer): void {
  const { error, software, organization, protocol } = answer;
  const name = organization ? `${software}, ${organization}` : software;
  $(target as HTMLElement)
    .toggleClass("datalink-bad", Boolean(error))
    .text(error ?? text("seedlink-answers", { software: name, protocol }));
}

/** What a NATS server has answered, with the streams that it has, or why it has not. */
export function showJetStreamAnswer(target: HTMLElement | string, answer: Answer): void {
  const { error, software, streams = [] } = answer;
  const names = streams.join(", ") || text("no-streams");
  $(target as HTMLElement)
    .toggleClass("datalink-bad", Boolean(error))
    .text(error ?? text("jetstream-answers", { software, streams: names }));
}

interface Test {
  button: string;
  /** Where the answer is shown. */
  result: string;
  /** Of the connection. */
  id: string;
  /** What the runtime is asked. */
  resource: string;
  show: (result: string, answer: Answer) => void;
}

/** A button that connects to the server of the dialog and says what it answers. */
export function testButton({ button, result, id, resource, show }: Test): void {
  onPress(button, (done) => {
    $(result).removeClass("datalink-bad").text(text("testing"));
    ask("POST", resource, connectionInDialog(id), (answer) => {
      done();
      show(result, answer);
    });
  });
}
