/** An input in a row of a list, which has no label of its own. */
export function rowInput(
  row: JQuery,
  type: "text" | "password",
  label: string,
  placeholder: string | undefined,
): JQuery {
  const field = $("<input>", { type, placeholder, "aria-label": label }).appendTo(row);
  // jQuery UI has a method of this name, which it would be taken for above.
  return field.attr("autocomplete", type === "password" ? "new-password" : "off");
}
