// lib/server/access/admission.ts: so many clients, and so many from one address.
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { Access } from "../../lib/server/access/access.ts";
import { Admission, sourceOf, sourceOfRequest } from "../../lib/server/access/admission.ts";

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

  it("takes the last address of the header Forwarded, however long that is", () => {
    const addressOf = (forwarded: string) => {
      const request = { headers: { forwarded }, socket: { remoteAddress: "127.0.0.1" } };
      return sourceOfRequest(request as unknown as IncomingMessage).address;
    };
    assert.equal(addressOf("for=192.0.2.1;proto=http, by=x;FOR=192.0.2.2;proto=https"), "192.0.2.2");
    assert.equal(addressOf('for="[2001:db8::1]:4711"'), "2001:db8::1");
    assert.equal(addressOf("for=192.0.2.1;for=192.0.2.3"), "192.0.2.3");
    assert.equal(addressOf(`${"for=x;".repeat(50_000)}for=192.0.2.4`), "192.0.2.4");
    const unknown = "0.0.0.0";
    for (const nobody of ["", "by=192.0.2.1", "for=192.0.2.1,", "for=_hidden", "a".repeat(300_000)])
      assert.equal(addressOf(nobody), unknown, nobody.slice(0, 20));
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
