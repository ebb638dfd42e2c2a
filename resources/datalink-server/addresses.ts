/** The addresses at which programs and pages find the server that the dialog describes, and whether it answers there. */
import { showAnswer, showSeedLinkAnswer } from "../shared/connection-questions.ts";
import { type Answer, ask, fieldValue, onPress } from "../shared/dialog.ts";
import { text } from "../shared/texts.ts";

interface Address {
  kind: "tcp" | "webSocket" | "web" | "seedLink";
  url: string;
}

export function addressList(node: EditorNode): void {
  const show = () => {
    const rows = addressesInDialog().flatMap((address) => addressRow(node, address));
    $("#datalink-server-addresses").empty().append(rows);
  };
  for (const name of ["port", "access", "host", "tls", "seedLink", "webPath"])
    $(`#node-input-${name}`).on("input change", show);
  show();
  onPress("#datalink-server-test", (done) => testServer(node, done));
}

function addressesInDialog(): Address[] {
  const field = (name: string) => fieldValue(name).trim();
  const listen = field("host") || (field("access") === "loopback" ? "127.0.0.1" : "0.0.0.0");
  const name = listen === "0.0.0.0" || listen === "::" ? location.hostname : listen;
  const inBrackets = name.includes(":") && !name.startsWith("[") ? `[${name}]` : name;
  const host = `${inBrackets}:${field("port") || "16000"}`;
  const s = ["", "_ADD_"].includes(field("tls")) ? "" : "s";
  const addresses: Address[] = [
    { kind: "tcp", url: `datalink${s}://${host}` },
    { kind: "webSocket", url: `ws${s}://${host}/datalink` },
  ];
  const path = field("webPath").replace(/^\/+|\/+$/g, "");
  const settings = RED.settings as unknown as { httpNodeRoot?: string };
  const root = String(settings.httpNodeRoot || "/").replace(/\/$/, "");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  if (path) addresses.push({ kind: "web", url: `${scheme}://${location.host}${root}/${path}` });
  if (field("seedLink") !== "off") addresses.push({ kind: "seedLink", url: `seedlink${s}://${host}` });
  return addresses;
}

function addressRow(node: EditorNode, { kind, url }: Address): JQuery[] {
  const row = $("<div>", { class: "datalink-server-address" }).append($("<code>", { text: url }));
  const label = node._("datalink-server.label.copy");
  const copy = $("<button>", { type: "button", class: "red-ui-button red-ui-button-small", title: label });
  copy
    .attr("aria-label", label)
    .append($("<i>", { class: "fa fa-copy" }))
    .appendTo(row);
  copy.on("click", () => RED.clipboard.copyText(url, copy as never, "clipboard.copyMessageValue"));
  const answer = $("<div>", { class: "datalink-server-answer", role: "status" }).attr("data-kind", kind);
  return [row, answer];
}

function testServer(node: EditorNode, done: () => void): void {
  const note = $("#datalink-server-tested").removeClass("datalink-bad").text(text("testing"));
  ask("GET", `server-test/${node.id}`, {}, ({ error, answers = [] }) => {
    done();
    const changed = node.changed ? node._("datalink-server.test.changed") : "";
    note.toggleClass("datalink-bad", Boolean(error)).text(error ?? changed);
    for (const answer of answers as Answer[]) {
      const line = `#datalink-server-addresses .datalink-server-answer[data-kind="${answer.kind}"]`;
      if (answer.kind === "seedLink") showSeedLinkAnswer(line, answer);
      else showAnswer(line, answer);
    }
  });
}
