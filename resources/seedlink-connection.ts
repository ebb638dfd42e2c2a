/** The dialog of seedlink connection. */
import { showSeedLinkAnswer, testButton } from "./shared/connection-questions.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { number, seedLinkAddress } from "./shared/validators.ts";

define("seedlink-connection", {
  category: "config",
  defaults: {
    address: { value: "localhost:18000", required: true, validate: seedLinkAddress },
    tls: { value: "", type: "tls-config", required: false },
    auth: { value: "none" },
    timeout: { value: "10", validate: number({ min: 0.1, max: 600 }) },
    protocol: { value: "auto" },
    clientName: { value: "" },
    plainAuth: { value: false },
  },
  credentials: {
    user: { type: "text" },
    password: { type: "password" },
    token: { type: "password" },
  },
  paletteLabel: "seedlink connection",
  label() {
    return this.name || this.address || "seedlink-connection";
  },
  oneditprepare() {
    showWhen(".seedlink-auth-password", "#node-config-input-auth", ["password"]);
    showWhen(".seedlink-auth-token", "#node-config-input-auth", ["token"]);
    showWhen(".seedlink-plain-auth", "#node-config-input-auth", ["password", "token"]);
    testButton({
      button: "#seedlink-connection-test",
      result: "#seedlink-connection-answer",
      id: this.id,
      resource: "seedlink/test",
      show: showSeedLinkAnswer,
    });
  },
});
