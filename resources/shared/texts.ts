/** Texts that all dialogs share, from the catalog of the editor plugin. */

const CATALOG = "@seisflow/node-red-datalink/datalink-editor:editor.";

export function text(key: string, values?: Record<string, string | number>): string {
  return RED._(`${CATALOG}${key}`, values);
}
