/** The dialog of datalink server. */
import { addressList } from "./datalink-server/addresses.ts";
import { checkRules, ruleList, rulesInDialog } from "./datalink-server/rules.ts";
import { USER_CREDENTIALS, userList } from "./datalink-server/users.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { number, when } from "./shared/validators.ts";

define("datalink-server", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    port: { value: "16000", validate: number({ min: 0, max: 65535, integer: true }) },
    access: { value: "loopback" },
    rules: { value: [], validate: when(({ access }) => access === "rules", checkRules) },
    host: { value: "" },
    ringSize: { value: "64", validate: number({ min: 0.0625, max: 4095 }) },
    packetSize: { value: "4096", validate: number({ min: 128, max: 16777216, integer: true }) },
    directory: { value: "" },
    tls: { value: "", type: "tls-config", required: false },
    seedLink: { value: "convert" },
    webPath: { value: "" },
    origins: { value: "" },
    publicKey: { value: "" },
    maxClients: { value: "600", validate: number({ min: 1, max: 100000, integer: true, blank: true }) },
    maxClientsPerAddress: {
      value: "",
      validate: number({ min: 1, max: 100000, integer: true, blank: true }),
    },
    ioTimeout: { value: "10", validate: number({ min: 0.1, max: 604800, blank: true }) },
    idleTimeout: { value: "3600", validate: number({ min: 0, max: 604800, blank: true }) },
  },
  credentials: { ...USER_CREDENTIALS, tokenSecret: { type: "password" } },
  inputs: 0,
  outputs: 1,
  icon: "datalink-server.svg",
  outputLabels() {
    return this._("datalink-server.port.events");
  },
  paletteLabel: "datalink server",
  label() {
    return this.name || `datalink server :${this.port}`;
  },
  oneditprepare() {
    // Nodes of before SeedLink was spoken do not say.
    if (!this.seedLink) $("#node-input-seedLink").val("convert");
    ruleList(this);
    showWhen(".datalink-server-rules", "#node-input-access", ["rules"]);
    userList(this);
    addressList(this);
  },
  oneditsave() {
    this.rules = rulesInDialog();
  },
});
