/** Node-RED's own TLS configuration nodes. */
import type { Node, NodeAPI } from "node-red";
import type { TlsOptions } from "../../lib/net/tls.ts";
import { SettingError } from "./settings.ts";

interface TlsConfigNode extends Node {
  valid: boolean;
  addTLSOptions(options: TlsOptions): TlsOptions;
}

/**
 * The options of a tls-config node; `undefined` where none is chosen.
 * @throws SettingError where its certificates could not be read, which it has said in the log.
 */
export function tlsOptions(RED: NodeAPI, id: string | undefined): TlsOptions | undefined {
  const node = id ? (RED.nodes.getNode(id) as TlsConfigNode | null) : null;
  if (!node) return undefined;
  if (!node.valid) {
    throw new SettingError(
      "INVALID_SETTING",
      "The TLS configuration cannot be used: check its certificates and key.",
    );
  }
  return node.addTLSOptions({});
}
