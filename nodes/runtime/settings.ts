/**
 * What people typed into a dialog, as values that a program can use. `${NAME}` anywhere in a text stands for an
 * environment variable; numbers must be numbers within bounds.
 */
import type { Node, NodeAPI } from "node-red";
import { CodedError } from "../../lib/errors.ts";
import { asError, finish } from "./input-handler.ts";
import { Misfits } from "./misfits.ts";
import { StatusLine } from "./status.ts";

/** A setting that cannot be used; the sentence names the field as the dialog does. */
export class SettingError extends CodedError<"INVALID_SETTING"> {}

/** Whether environment variables stand in it, as `${NAME}`. */
export function hasVariable(text: string): boolean {
  return /\$\{[^}]+\}/.test(text);
}

export class Settings {
  readonly #RED: NodeAPI;
  readonly #node: Node;

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED;
    this.#node = node;
  }

  /** Text without surrounding spaces; `fallback` for nothing. */
  text(value: unknown, fallback = ""): string {
    return this.secret(value).trim() || fallback;
  }

  /** Text to the letter, as passwords are. */
  secret(value: unknown): string {
    const given = value === undefined || value === null ? "" : String(value as string);
    return hasVariable(given)
      ? String(this.#RED.util.evaluateNodeProperty(given, "env", this.#node, {}))
      : given;
  }

  /**
   * A number from `min` to `max`; `fallback` for nothing.
   * @throws SettingError naming the field.
   */
  number(field: string, value: unknown, bounds: { min: number; max: number; fallback: number }): number {
    const text = this.text(value);
    if (text === "") return bounds.fallback;
    const number = Number(text);
    if (number >= bounds.min && number <= bounds.max) return number;
    throw new SettingError(
      "INVALID_SETTING",
      `${field} is ${JSON.stringify(text)}: give a number from ${bounds.min} to ${bounds.max} in the node's settings.`,
    );
  }

  /**
   * One of several words; the first one for nothing.
   * @throws SettingError naming the field.
   */
  choice<const Choice extends string>(
    field: string,
    value: unknown,
    choices: readonly [Choice, ...Choice[]],
  ): Choice {
    const text = this.text(value, choices[0]);
    const choice = choices.find((known) => known === text);
    if (choice !== undefined) return choice;
    throw new SettingError(
      "INVALID_SETTING",
      `${field} is ${JSON.stringify(text)}: give one of ${choices.join(", ")} in the node's settings.`,
    );
  }
}

/**
 * Runs what a node does when it is made. If its settings cannot be used it says so in the log and its status, and
 * fails every message with the same sentence instead of staying silent.
 */
export function begin(RED: NodeAPI, node: Node, setUp: () => void): void {
  const misfits = new Misfits(RED, node);
  // For a node that has no other status.
  misfits.onChange = () => {
    const line = new StatusLine(node, () => ({}));
    node.on("close", () => line.close());
    line.update();
  };
  try {
    setUp();
  } catch (error) {
    const problem = asError(error);
    node.status({ fill: "red", shape: "ring", text: RED._(`${node.type}.status.settings`) });
    node.error(problem.message);
    node.on("input", (_msg, _send, done) => finish(node, problem, done));
  }
}
