// The face of the package as the compiler sees it: what each entry point exports, what the declarations of that name without
// exporting it, and its documentation. It reads the declarations that are shipped, by the API of our own compiler.
import { cpSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import {
  API,
  type Checker,
  type Project,
  SymbolFlags,
  type Symbol as SymbolOf,
} from "typescript/unstable/sync";
import { newFolder } from "./folders.ts";

const ROOT = path.join(__dirname, "../..");

/** The entry points of `exports` in package.json, with their declarations. */
export const ENTRIES: Record<string, string> = {
  ".": "lib/index.d.ts",
  "./browser": "lib/browser.d.ts",
  "./mseed": "lib/mseed/index.d.ts",
  "./signal": "lib/signal/index.d.ts",
};

/** One export. */
export interface Exported {
  name: string;
  /** Where it is declared: `lib/mseed/record.d.ts`. */
  file: string;
  declarations: Declaration[];
  /** What of the library its declarations name and the entry point does not export. */
  missing: string[];
}

export interface Declaration {
  node: Node;
  /** The comment before it, as it stands in the file; `undefined` where there is none. */
  comment: string | undefined;
}

export interface Face {
  /** In the order of their names. */
  exports: Exported[];
  /** What the compiler has to say against the declarations, with nothing but the types of Node.js beside them. */
  complaints: string[];
}

/** Has a look at the exports of an entry point such as `lib/index.d.ts`. */
export function withFace<T>(entry: string, look: (face: Face) => T): T {
  const folder = newFolder();
  const filter = (file: string) => !/\.[jt]s$/.test(file) || file.endsWith(".d.ts");
  cpSync(path.join(ROOT, "lib"), path.join(folder, "lib"), { recursive: true, filter });
  const compilerOptions = {
    module: "node20",
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    strict: true,
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [path.join(ROOT, "node_modules/@types")],
  };
  const config = path.join(folder, "tsconfig.json");
  const file = path.join(folder, entry);
  writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
  const api = new API({ cwd: folder });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config)!;
    const complaints = project.program
      .getSemanticDiagnostics()
      .map(({ fileName, text }) => `${path.relative(folder, fileName ?? folder)}: ${text}`);
    return look({ exports: new FaceReader(folder, project).read(file), complaints });
  } finally {
    api.close();
  }
}

const DECLARED =
  SymbolFlags.Class |
  SymbolFlags.Interface |
  SymbolFlags.TypeAlias |
  SymbolFlags.Enum |
  SymbolFlags.Function |
  SymbolFlags.Variable;

class FaceReader {
  readonly #folder: string;
  readonly #project: Project;
  readonly #checker: Checker;

  constructor(folder: string, project: Project) {
    this.#folder = folder;
    this.#project = project;
    this.#checker = project.checker;
  }

  read(file: string): Exported[] {
    const entry = this.#checker.getSymbolAtLocation(this.#project.program.getSourceFile(file)!)!;
    const symbols = this.#checker.getExportsOfModule(entry);
    const exported = symbols.map((symbol) => ({ name: symbol.name, target: this.#original(symbol) }));
    const known = new Set(exported.map(({ target }) => target.id));
    return exported
      .map(({ name, target }) => this.#describe(name, target, known))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #describe(name: string, target: SymbolOf, known: Set<number>): Exported {
    const nodes = this.#nodesOf(target);
    return {
      name,
      file: this.#fileOf(nodes[0]!),
      declarations: nodes.map((node) => ({ node, comment: commentOf(node) })),
      missing: [...new Set(nodes.flatMap((node) => this.#missingOf(node, known)))],
    };
  }

  #nodesOf(symbol: SymbolOf): Node[] {
    return symbol.declarations.map((handle) => handle.resolve(this.#project)!);
  }

  #fileOf(node: Node): string {
    return path.relative(this.#folder, node.getSourceFile().fileName);
  }

  #original(symbol: SymbolOf): SymbolOf {
    return symbol.flags & SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  #missingOf(declaration: Node, known: Set<number>): string[] {
    const found: string[] = [];
    const visit = (node: Node): void => {
      if (node.kind === SyntaxKind.Identifier && this.#isHidden(node, known)) found.push(node.getText());
      node.forEachChild(visit);
    };
    visit(declaration);
    return found;
  }

  /** Whether a name stands for something of the library that only its own files can import. */
  #isHidden(name: Node, known: Set<number>): boolean {
    const symbol = this.#checker.getSymbolAtLocation(name);
    if (!symbol) return false;
    const target = this.#original(symbol);
    if (known.has(target.id) || !(target.flags & DECLARED)) return false;
    return this.#nodesOf(target).some((node) => this.#fileOf(node).startsWith("lib") && isTopLevel(node));
  }
}

/** The documentation of a declaration; that of a constant stands before the whole statement. */
export function commentOf(node: Node): string | undefined {
  const statement = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node;
  const comments = (statement as { jsDoc?: readonly Node[] }).jsDoc ?? [];
  return comments.at(-1)?.getText();
}

/** Whether something is declared by a file itself and not by a declaration in it, as a parameter or a member is. */
function isTopLevel(node: Node): boolean {
  const statement = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node;
  return statement.parent.kind === SyntaxKind.SourceFile;
}
