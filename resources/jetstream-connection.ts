/** The dialog of jetstream connection. */
import { showJetStreamAnswer, testButton } from "./shared/connection-questions.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { natsAddresses, number } from "./shared/validators.ts";

define("jetstream-connection", {
  category: "config",
  defaults: {
    address: { value: "localhost:4222", required: true, validate: natsAddresses },
    tls: { value: "", type: "tls-config", required: false },
    auth: { value: "none" },
    timeout: { value: "10", validate: number({ min: 0.1, max: 600 }) },
    clientName: { value: "" },
  },
  credentials: {
    user: { type: "text" },
    password: { type: "password" },
    token: { type: "password" },
    creds: { type: "password" },
  },
  paletteLabel: "jetstream connection",
  label() {
    return this.name || this.address || "jetstream-connection";
  },
  oneditprepare() {
    showWhen(".jetstream-auth-password", "#node-config-input-auth", ["password"]);
    showWhen(".jetstream-auth-token", "#node-config-input-auth", ["token"]);
    showWhen(".jetstream-auth-creds", "#node-config-input-auth", ["creds"]);
    testButton({
      button: "#jetstream-connection-test",
      result: "#jetstream-connection-answer",
      id: this.id,
      resource: "jetstream/test",
      show: showJetStreamAnswer,
    });
  },
});
