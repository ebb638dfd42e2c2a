/** station metadata: how many counts a unit of ground motion makes, for each channel; shared by nodes. */
import path from "node:path";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { nodeFile } from "./runtime/files.ts";
import { asError, onClose } from "./runtime/input-handler.ts";
import { SettingError, Settings } from "./runtime/settings.ts";
import { FileSource, ServiceSource, type StationSource, TableSource } from "./signal/station-source.ts";

interface StationMetadataDef extends NodeDef {
  version: number;
  source: string;
  service: string;
  file: string;
  table: string;
}

export interface StationMetadataNode extends Node {
  /** @throws SettingError if the settings cannot be used */
  stations(): StationSource;
}

export default function register(RED: NodeAPI): void {
  function StationMetadata(this: StationMetadataNode, def: StationMetadataDef): void {
    RED.nodes.createNode(this, def);
    try {
      const source = sourceOf(RED, this, def);
      this.stations = () => source;
      onClose(this, async () => {
        if (source instanceof ServiceSource) source.close();
      });
    } catch (error) {
      const problem = asError(error);
      this.error(problem.message);
      this.stations = () => {
        throw problem;
      };
    }
  }
  RED.nodes.registerType("station-metadata", StationMetadata);
}

function sourceOf(RED: NodeAPI, node: Node, def: StationMetadataDef): StationSource {
  const settings = new Settings(RED, node);
  switch (settings.choice("Source", def.source, ["service", "file", "table"])) {
    case "service":
      return new ServiceSource(serviceUrl(settings.text(def.service)), nodeFile(RED, node, "stations.json"));
    case "file": {
      const file = settings.text(def.file);
      if (file === "")
        throw new SettingError("INVALID_SETTING", "File is missing: give the path of a StationXML file.");
      return new FileSource(path.resolve(RED.settings.userDir ?? ".", file));
    }
    case "table":
      return new TableSource(settings.secret(def.table));
  }
}

function serviceUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new SettingError(
    "INVALID_SETTING",
    `Service is ${JSON.stringify(text)}: give the address of an FDSN station service, such as https://service.earthscope.org.`,
  );
}
