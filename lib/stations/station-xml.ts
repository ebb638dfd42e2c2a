/** FDSN StationXML: the InstrumentSensitivity of each channel epoch, and nothing else of it. */
import sax from "sax";
import { StationError } from "./errors.ts";
import { type ChannelEpoch, epochTime, MOST_EPOCHS, normalUnits } from "./sensitivities.ts";

/** Network, Station, Channel, Response, InstrumentSensitivity, InputUnits, Name: stages lie a little deeper. */
const MAX_DEPTH = 64;
const MAX_TEXT = 200;

interface Attributes {
  [name: string]: string | undefined;
}

/** The epochs that have a sensitivity. @throws StationError `NOT_STATIONS` */
export function readStationXml(xml: string): ChannelEpoch[] {
  return new StationXmlReader().read(xml);
}

class StationXmlReader {
  readonly #parser = sax.parser(true, { xmlns: false });
  readonly #path: string[] = [];
  readonly #epochs: ChannelEpoch[] = [];
  #network = "";
  #station = "";
  #channel: Attributes = {};
  #sensitivity: Attributes = {};
  #text = "";
  #isStations = false;

  read(xml: string): ChannelEpoch[] {
    this.#parser.onopentag = ({ name, attributes }) => this.#open(localName(name), attributes as Attributes);
    this.#parser.onclosetag = () => this.#close();
    this.#parser.ontext = (text) => {
      if (this.#text.length < MAX_TEXT) this.#text += text.slice(0, MAX_TEXT);
    };
    this.#parser.onerror = (error) => {
      throw notStations(error.message.split("\n")[0]!);
    };
    this.#parser.write(xml).close();
    if (!this.#isStations) throw notStations("it has no FDSNStationXML element");
    return this.#epochs;
  }

  #open(name: string, attributes: Attributes): void {
    if (this.#path.push(name) > MAX_DEPTH) throw notStations("it is nested too deep");
    this.#text = "";
    if (name === "FDSNStationXML") this.#isStations = true;
    else if (name === "Network") this.#network = attributes.code ?? "";
    else if (name === "Station") this.#station = attributes.code ?? "";
    else if (name === "Channel") {
      this.#channel = attributes;
      this.#sensitivity = {};
    }
  }

  #close(): void {
    const path = this.#path.slice(-3).join("/");
    const text = this.#text.trim();
    if (path === "Response/InstrumentSensitivity/Value") this.#sensitivity.value = text;
    else if (path === "Response/InstrumentSensitivity/Frequency") this.#sensitivity.frequency = text;
    else if (path === "InstrumentSensitivity/InputUnits/Name") this.#sensitivity.units = text;
    else if (this.#path.at(-1) === "Channel") this.#addChannel();
    this.#path.pop();
    this.#text = "";
  }

  #addChannel(): void {
    const { code = "", locationCode = "", startDate, endDate } = this.#channel;
    const { value = "", frequency, units = "" } = this.#sensitivity;
    const sensitivity = Number(value);
    if (value === "" || !Number.isFinite(sensitivity) || sensitivity === 0) return;
    if (this.#epochs.length === MOST_EPOCHS) throw notStations(`it has more than ${MOST_EPOCHS} channels`);
    this.#epochs.push({
      ...{ network: this.#network, station: this.#station, location: locationCode, channel: code },
      start: epochTime(startDate) ?? -(2n ** 63n),
      end: epochTime(endDate),
      ...{ sensitivity, frequency: Number(frequency ?? Number.NaN), units: normalUnits(units) },
    });
  }
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

function notStations(reason: string): StationError {
  return new StationError("NOT_STATIONS", `The document is not StationXML: ${reason}.`);
}
