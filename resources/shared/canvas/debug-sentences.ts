/**
 * What this package's nodes say in the Debug sidebar is shown whole. Of a text of more than 80 characters Node-RED shows the
 * beginning, and the rest, with what to do, when somebody unfolds it: for warnings and errors it is unfolded from the start.
 */

interface DebugMessage {
  message: { level?: number; format?: string; _source?: { id: string } };
  /** What has become of it in the sidebar. */
  element: JQuery;
}

/** @param isOurs whether a type of node is this package's */
export function unfoldSentences(isOurs: (type: string) => boolean): void {
  RED.hooks.add("debugPostProcessMessage.datalink", ({ message, element }: DebugMessage) => {
    const { level, format, _source: source } = message;
    const node = level !== undefined && source && RED.nodes.node(source.id);
    if (!node || !isOurs(node.type) || !/^string/i.test(format ?? "")) return;
    const folded = $(element).find(".red-ui-debug-msg-element.collapsed").first();
    folded.children(".red-ui-debug-msg-expandable").trigger("click");
  });
}
