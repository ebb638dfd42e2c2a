// lib/server/access/admission.ts: so many clients, and so many from one address.
import assert from "node:assert/strict";
import { Access } from "../../lib/server/access/access.ts";
import { Admission, sourceOf } from "../../lib/server/access/admission.ts";

describe("admission", () => {
  const access = new Access({ rules: [{ from: "127.0.0.0/8", read: true }] });
  const from = (remoteAddress: string) => sourceOf({ remoteAddress });
  const refusal = (admission: Admission, address: string) => {
    const answer = admission.enter(from(address));
    return typeof answer === "string" ? answer : "let in";
  };

  it("lets so many in from an address, others from others, and again when one has left", () => {
    const admission = new Admission(access, { maxClients: 10, maxClientsPerAddress: 2 });
    const enter = (address: string) => typeof admission.enter(from(address)) !== "string";
    assert.deepEqual(["127.0.0.1", "127.0.0.1"].map(enter), [true, true]);
    assert.match(refusal(admission, "127.0.0.1"), /maxClientsPerAddress/);
    assert.ok(enter("127.0.0.2"));
    admission.leave("127.0.0.1");
    assert.ok(enter("127.0.0.1"));
    assert.ok(!enter("127.0.0.1"));
    assert.equal(admission.clients, 3);
  });

  it("lets so many in at all", () => {
    const admission = new Admission(access, { maxClients: 2 });
    for (const address of ["127.0.0.1", "127.0.0.2"]) admission.enter(from(address));
    assert.match(refusal(admission, "127.0.0.3"), /maxClients/);
    assert.match(refusal(admission, "10.0.0.1"), /maxClients/);
    admission.leave("127.0.0.1");
    assert.match(refusal(admission, "10.0.0.1"), /no access rule/);
    assert.equal(admission.clients, 1);
  });

  it("says when all have left", async () => {
    const admission = new Admission(access, { maxClients: 2 });
    await admission.whenEmpty();
    admission.enter(from("127.0.0.1"));
    let isEmpty = false;
    const empty = admission.whenEmpty().then(() => {
      isEmpty = true;
    });
    await Promise.resolve();
    assert.ok(!isEmpty);
    admission.leave("127.0.0.1");
    await empty;
  });
});
