/**
 * The pages of docs/ that helps link: shown in the editor, from the package, so that they are of the version that is installed, and
 * there without the Internet. Where a page is not in the package, the link goes to the repository, as it says.
 */

const REPOSITORY = "https://github.com/seisflow/node-red-datalink/blob/main/";
const PACKAGE = "resources/@seisflow/node-red-datalink/";

/** The address of the page that is shown. */
let shown = "";

/** Looks at each click: helps are made anew whenever they are shown. */
export function showPagesOfHelps(): void {
  document.addEventListener(
    "click",
    (event) => {
      const link = (event.target as Element).closest<HTMLAnchorElement>(`a[href^="${REPOSITORY}docs/"]`);
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      void show(link.href);
    },
    { capture: true },
  );
}

async function show(address: string): Promise<void> {
  const [page, fragment] = address.split("#") as [string, string?];
  if (page !== shown) {
    const text = await textOf(page);
    if (text === undefined) {
      window.open(address, "_blank", "noopener");
      return;
    }
    present(page, contentOf(text, page));
  }
  const heading = document.querySelector(`.datalink-page [data-fragment="${CSS.escape(fragment ?? "")}"]`);
  if (heading) heading.scrollIntoView();
  else document.querySelector(".datalink-page")?.parentElement?.scrollTo(0, 0);
}

/** The text of a page, if it is in the package. */
async function textOf(page: string): Promise<string | undefined> {
  const answer = await fetch(PACKAGE + page.slice(REPOSITORY.length)).catch(() => undefined);
  return answer?.ok ? await answer.text() : undefined;
}

/** A page as HTML: links lead where they would in the repository, and headings can be found. */
function contentOf(text: string, page: string): HTMLElement {
  const content = document.createElement("div");
  content.className = "datalink-page red-ui-help";
  content.innerHTML = RED.utils.renderMarkdown(text);
  for (const link of content.querySelectorAll("a")) {
    link.href = new URL(link.getAttribute("href") ?? "", page).href;
    link.target = "_blank";
    link.rel = "noopener";
  }
  for (const picture of content.querySelectorAll("img")) {
    const { href } = new URL(picture.getAttribute("src") ?? "", page);
    if (href.startsWith(REPOSITORY)) picture.src = PACKAGE + href.slice(REPOSITORY.length);
  }
  for (const heading of content.querySelectorAll("h1, h2, h3"))
    heading.setAttribute("data-fragment", fragmentOf(heading.textContent ?? ""));
  return content;
}

/** What leads to a heading, as GitHub makes it. */
function fragmentOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

/** Shows a page in a tray, in place of the one that is there. */
function present(page: string, content: HTMLElement): void {
  const open = document.querySelector(".datalink-page");
  shown = page;
  if (open) {
    open.replaceWith(content);
    return;
  }
  RED.tray.show({
    title: "node-red-datalink",
    width: 800,
    buttons: [{ class: "primary", text: RED._("common.label.close"), click: () => RED.tray.close() }],
    open: (tray) => {
      tray.find(".red-ui-tray-body").append(content);
    },
    // Node-RED gives the body the width that it had while it was empty.
    resize: () => content.parentElement?.style.setProperty("min-width", "0"),
    close: () => {
      shown = "";
    },
  });
}
