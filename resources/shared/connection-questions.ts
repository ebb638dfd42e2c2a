/** What a dialog asks a server of its own: whether it answers, and which streams it has. */
import { checkList } from "./check-list.ts";
import { type Answer, ask, fieldValue, onPress } from "./dialog.ts";
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
    credentials: { user: field("user"), password: field("password"), token: field("token") },
  };
}

/** The chosen connection, as the runtime knows it or, if it is not deployed yet, as the editor does. */
function chosenConnection(): object {
  const id = fieldValue("connection");
  const node = RED.nodes.node(id);
  if (!node || (!node.changed && !node.moved)) return { id };
  const { address, tls, auth, timeout, clientName, credentials } = node;
  return { id, address, tls, auth, timeout, clientName, credentials };
}

/** What a server has answered, or why it has not. */
export function showAnswer(target: HTMLElement | string, { error, software, protocol, write }: Answer): void {
  const rights = text(write ? "may-write" : "may-read");
  $(target as HTMLElement)
    .toggleClass("datalink-bad", Boolean(error))
    .text(error ?? text("answers", { software, protocol, rights }));
}

/** A button that connects to the server of the dialog and says what it answers. */
export function testButton(button: string, result: string, id: string): void {
  onPress(button, (done) => {
    $(result).removeClass("datalink-bad").text(text("testing"));
    ask("POST", "test", connectionInDialog(id), (answer) => {
      done();
      showAnswer(result, answer);
    });
  });
}

/** Escapes what a regular expression would take for more than itself. */
function literal(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The shortest common expression for the chosen streams: one itself, several as alternatives. */
function patternFor(names: string[]): string {
  if (names.length === 0) return "";
  return names.length === 1 ? `^${literal(names[0]!)}$` : `^(${names.map(literal).join("|")})$`;
}

/** Lists the streams of the chosen server, as many as the typed pattern selects, to pick some from. */
export function streamPicker({ button, list, field }: { button: string; list: string; field: string }): void {
  const status = $(list).find("[role=status]");
  const show = (streams: { streamId: string }[]) => {
    const items = streams.map(({ streamId }) => ({ label: streamId, selected: false }));
    const tree = $("<div>").css({ height: "160px" }).appendTo(list);
    checkList(tree, items, $(button).attr("aria-label") ?? "").on("treelistselect", () => {
      const chosen = tree.treeList("selected").map((item) => item.label);
      $(field).val(patternFor(chosen)).trigger("change");
    });
  };
  onPress(button, (done) => {
    $(list).show().find(".red-ui-treeList").remove();
    status.removeClass("datalink-bad").text(text("testing"));
    ask("POST", "streams", { ...chosenConnection(), match: $(field).val() }, (answer) => {
      done();
      const { error, streams = [], total } = answer;
      const found = () => text("selects", { selected: streams.length, total });
      status.toggleClass("datalink-bad", Boolean(error)).text(error ?? found());
      if (!error) show(streams);
    });
  });
}
