/** The addresses at which programs and pages find the server that the dialog describes, and whether it answers there. */
import { showAnswer } from "../shared/connection-questions.ts";
import { ask, fieldValue, onPress } from "../shared/dialog.ts";
import { text } from "../shared/texts.ts";

export function addressList(node: EditorNode): void {
  const show = () => {
    const rows = addressesInDialog().flatMap((url) => addressRow(node, url));
    $("#datalink-server-addresses").empty().append(rows);
  };
  for (const name of ["port", "access", "host", "tls", "webPath"])
    $(`#node-input-${name}`).on("input change", show);
  show();
  onPress("#datalink-server-test", (done) => testServer(node, done));
}

function addressesInDialog(): string[] {
  const field = (name: string) => fieldValue(name).trim();
  const listen = field("host") || (field("access") === "loopback" ? "127.0.0.1" : "0.0.0.0");
  const name = listen === "0.0.0.0" || listen === "::" ? location.hostname : listen;
  const inBrackets = name.includes(":") && !name.startsWith("[") ? `[${name}]` : name;
  const host = `${inBrackets}:${field("port") || "16000"}`;
  const s = ["", "_ADD_"].includes(field("tls")) ? "" : "s";
  const urls = [`datalink${s}://${host}`, `ws${s}://${host}/datalink`];
  const path = field("webPath").replace(/^\/+|\/+$/g, "");
  const settings = RED.settings as unknown as { httpNodeRoot?: string };
  const root = String(settings.httpNodeRoot || "/").replace(/\/$/, "");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  if (path) urls.push(`${scheme}://${location.host}${root}/${path}`);
  return urls;
}

function addressRow(node: EditorNode, url: string): JQuery[] {
  const row = $("<div>", { class: "datalink-server-address" }).append($("<code>", { text: url }));
  const label = node._("datalink-server.label.copy");
  const copy = $("<button>", { type: "button", class: "red-ui-button red-ui-button-small", title: label });
  copy
    .attr("aria-label", label)
    .append($("<i>", { class: "fa fa-copy" }))
    .appendTo(row);
  copy.on("click", () => RED.clipboard.copyText(url, copy as never, "clipboard.copyMessageValue"));
  return [row, $("<div>", { class: "datalink-server-answer", role: "status" })];
}

function testServer(node: EditorNode, done: () => void): void {
  const note = $("#datalink-server-tested").removeClass("datalink-bad").text(text("testing"));
  ask("GET", `server-test/${node.id}`, {}, ({ error, answers = [] }) => {
    done();
    const changed = node.changed ? node._("datalink-server.test.changed") : "";
    note.toggleClass("datalink-bad", Boolean(error)).text(error ?? changed);
    $("#datalink-server-addresses .datalink-server-answer").each((i, line) => {
      if (answers[i]) showAnswer(line, answers[i]);
    });
  });
}
