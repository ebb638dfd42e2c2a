// Where compiled JavaScript can be changed so that it means something else, and what it would say then. Whatever is said to people
// stays: texts are not changed, and neither is what a module imports and exports.
import { type Node, parse } from "acorn";

/** One change of a file: `text` in the place of what stands from `start` to `end`. */
export interface Site {
  start: number;
  end: number;
  line: number;
  text: string;
}

type Syntax = Node & Record<string, unknown>;

const OTHER_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "==": ["!="],
  "!=": ["=="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "**": ["*"],
  "&": ["|"],
  "|": ["&"],
  "^": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "/=": ["*="],
  "|=": ["&="],
  "&=": ["|="],
  "??=": ["="],
  "||=": ["="],
  "++": ["--"],
  "--": ["++"],
};

/** All sites of a file, in order. */
export function sitesOf(source: string): Site[] {
  const sites: Site[] = [];
  const program = parse(source, {
    ecmaVersion: "latest",
    sourceType: "script",
    locations: true,
  }) as unknown as Syntax;
  for (const statement of program.body as Syntax[])
    if (!isLinkage(statement, source)) visit(statement, source, sites);
  return sites.sort((a, b) => a.start - b.start);
}

/** What the compiler writes around a module, and constants of text. */
function isLinkage(statement: Syntax, source: string): boolean {
  return /^(?:"use strict"|Object\.defineProperty\(exports|exports\.|module\.exports|__exportStar|(?:const|var) \w+ = (?:require\(|__importDefault)|var __)/.test(
    source.slice(statement.start, statement.end),
  );
}

function visit(node: Syntax, source: string, sites: Site[]): void {
  // What is thrown is said to people; that it is thrown counts.
  if (node.type === "ThrowStatement") {
    add(node, ";", sites);
    return;
  }
  // `(0, module.f)(…)` is how the compiler calls what was imported.
  if (node.type === "SequenceExpression") return;
  change(node, source, sites);
  for (const child of Object.values(node)) {
    for (const item of Array.isArray(child) ? child : [child]) if (isNode(item)) visit(item, source, sites);
  }
}

function isNode(value: unknown): value is Syntax {
  return (
    typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
  );
}

function change(node: Syntax, source: string, sites: Site[]): void {
  const text = (part: unknown) => source.slice((part as Node).start, (part as Node).end);
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
    case "AssignmentExpression":
      operator(node, source, node.left as Node, node.right as Node, sites);
      return;
    case "UpdateExpression":
      add(
        node,
        text(node).replace(/\+\+|--/, (found) => OTHER_OPERATORS[found]![0]!),
        sites,
      );
      return;
    case "UnaryExpression":
      if (node.operator === "!" || node.operator === "-") add(node, `(${text(node.argument)})`, sites);
      return;
    case "IfStatement":
    case "WhileStatement":
    case "ConditionalExpression":
      add(node.test as Node, `!(${text(node.test)})`, sites);
      return;
    case "ReturnStatement":
      if (node.argument && text(node.argument) !== "undefined") add(node, "return;", sites);
      return;
    case "AwaitExpression":
      add(node, `(${text(node.argument)})`, sites);
      return;
    case "ExpressionStatement":
      if (isCall(node.expression as Syntax)) add(node, ";", sites);
      return;
    case "Literal":
      literal(node, sites);
  }
}

function operator(node: Syntax, source: string, left: Node, right: Node, sites: Site[]): void {
  const sign = node.operator as string;
  const at = source.indexOf(sign, left.end);
  // Between texts, a plus joins them.
  const joinsTexts = sign.startsWith("+") && /[`"']/.test(source.slice(node.start, node.end));
  if (joinsTexts || at < 0 || at >= right.start) return;
  for (const text of OTHER_OPERATORS[sign] ?? [])
    add({ ...node, start: at, end: at + sign.length }, text, sites);
}

function literal(node: Syntax, sites: Site[]): void {
  const { value, raw } = node as { value?: unknown; raw?: string };
  if (typeof value === "boolean") add(node, String(!value), sites);
  if (typeof value === "number") add(node, `(${raw} + 1)`, sites);
  if (typeof value === "bigint") add(node, `(${raw} + 1n)`, sites);
}

/** A call that can be left out. */
function isCall(expression: Syntax): boolean {
  if (expression.type === "AwaitExpression" || expression.type === "UnaryExpression")
    return isCall(expression.argument as Syntax);
  return expression.type === "CallExpression" && (expression.callee as Syntax).type !== "Super";
}

function add(node: Node, text: string, sites: Site[]): void {
  sites.push({ start: node.start, end: node.end, line: node.loc!.start.line, text });
}
