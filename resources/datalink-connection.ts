/** The dialog of datalink connection. */
import { showAnswer, testButton } from "./shared/connection-questions.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { address, number } from "./shared/validators.ts";

define("datalink-connection", {
  category: "config",
  defaults: {
    address: { value: "localhost:16000", required: true, validate: address },
    tls: { value: "", type: "tls-config", required: false },
    auth: { value: "none" },
    timeout: { value: "10", validate: number({ min: 0.1, max: 600 }) },
    clientName: { value: "" },
  },
  credentials: {
    user: { type: "text" },
    password: { type: "password" },
    token: { type: "password" },
  },
  paletteLabel: "datalink connection",
  label() {
    return this.name || this.address || "datalink-connection";
  },
  oneditprepare() {
    showWhen(".datalink-auth-password", "#node-config-input-auth", ["password"]);
    showWhen(".datalink-auth-token", "#node-config-input-auth", ["token"]);
    testButton({
      button: "#datalink-connection-test",
      result: "#datalink-connection-answer",
      id: this.id,
      resource: "test",
      show: showAnswer,
    });
  },
});
