// lib/datalink/core/outbox.ts: which packet is sent next, and which is given up at which connections end.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { Outbox, type Outgoing, STRIKES_OUT } from "../../lib/datalink/core/outbox.ts";

interface Item extends Outgoing {
  name: string;
}

describe("an outbox", () => {
  let now: number;
  beforeEach(() => {
    now = 1000;
    mock.method(performance, "now", () => now);
  });
  afterEach(() => mock.restoreAll());

  function filled(names: string, maxInFlight = 3): Outbox<Item> {
    const outbox = new Outbox<Item>(maxInFlight);
    for (const name of names) outbox.add({ name, strikes: 0 });
    return outbox;
  }

  /** Sends all that there is room for. */
  function send(outbox: Outbox<Item>): Item[] {
    const sent: Item[] = [];
    for (let item = outbox.take(); item; item = outbox.take()) {
      outbox.sent(item);
      sent.push(item);
    }
    return sent;
  }
  const names = (items: readonly Item[]) => items.map(({ name }) => name).join("");

  it("sends in order, as many as may be on their way, and the next with each answer", () => {
    const outbox = filled("ABCDE");
    const [a, b] = send(outbox);
    assert.equal(names([a!, b!]), "AB");
    assert.equal(outbox.length, 5);
    assert.equal(outbox.answered(b!, true), false, "answers come in order");
    assert.equal(outbox.answered(a!, true), true);
    assert.equal(names(send(outbox)), "D");
    assert.equal(outbox.length, 4);
    assert.equal(names(outbox.clear()), "BCDE");
    assert.equal(outbox.length, 0);
  });

  it("sends again what was not answered, before all else, and suspects none of a loss or two", () => {
    const outbox = filled("ABCDE");
    for (let losses = 0; losses < 2; losses++) {
      assert.equal(names(send(outbox)), "ABC");
      assert.equal(outbox.lost(true), undefined);
    }
    outbox.answered(send(outbox)[0]!, false);
    // An answer in between: they are not in a row.
    assert.equal(outbox.lost(true), undefined);
    assert.equal(names(send(outbox)), "BCD");
    for (let losses = 0; losses < 20; losses++) {
      assert.equal(outbox.lost(false), undefined, "the network says nothing of a packet");
      assert.equal(names(send(outbox)), "BCD");
    }
  });

  it("sends one at a time after three ends in a row without an answer, as many as were on their way", () => {
    const outbox = filled("ABCDEFG");
    for (let losses = 1; losses <= 3; losses++) {
      assert.equal(names(send(outbox)), "ABC");
      const suspect = outbox.lost(true);
      assert.deepEqual(suspect?.item.name, losses < 3 ? undefined : "A");
      if (suspect) assert.equal(suspect.isGuilty, false);
    }
    for (const name of "ABC") {
      const [item, ...others] = send(outbox);
      assert.deepEqual([item!.name, others], [name, []]);
      outbox.answered(item!, true);
    }
    assert.equal(names(send(outbox)), "DEF");
  });

  /** Has connections end right after the first packet was sent, until it is alone. */
  function untilAlone(outbox: Outbox<Item>): void {
    for (let losses = 0; losses < 3; losses++) {
      send(outbox);
      outbox.lost(true);
    }
  }

  it("puts aside what was sent alone three times, and goes on with the next", () => {
    const outbox = filled("ABC");
    untilAlone(outbox);
    for (let strikes = 1; strikes <= 3; strikes++) {
      assert.equal(names(send(outbox)), "A");
      assert.deepEqual(outbox.lost(true)?.item, { name: "A", strikes });
    }
    assert.equal(names(send(outbox)), "B");
    assert.equal(outbox.length, 3);
  });

  it("does not count an end that comes late", () => {
    const outbox = filled("AB");
    untilAlone(outbox);
    const [item] = send(outbox);
    now += 5000;
    outbox.lost(true);
    assert.equal(item!.strikes, 0);
    send(outbox);
    now += 4999;
    outbox.lost(true);
    assert.equal(item!.strikes, 1);
  });

  it("gives up only what a server does not take that has just taken another, after so many times", () => {
    const outbox = filled("ABCDEFGHIJ");
    untilAlone(outbox);
    for (let losses = 0; losses < 3; losses++) {
      send(outbox);
      outbox.lost(true);
    }
    // Where it takes no other either, A is not given up.
    let strikes = 3;
    for (const name of "BCD") {
      const [other] = send(outbox);
      assert.equal(other!.name, name);
      outbox.answered(other!, true);
      const [suspect] = send(outbox);
      assert.equal(suspect!.name, "A", "where another was taken it is tried again");
      const { item, isGuilty } = outbox.lost(true)!;
      strikes++;
      assert.deepEqual([item.name, item.strikes, isGuilty], ["A", strikes, strikes === STRIKES_OUT]);
    }
    assert.equal(outbox.length, 6);
    const [next, ...others] = send(outbox);
    assert.deepEqual([next!.name, others], ["E", []], "one more is sent alone");
    outbox.answered(next!, true);
    assert.equal(names(send(outbox)), "FGH");
  });

  it("does not count the last ends where the server has taken nothing on that connection", () => {
    const outbox = filled("A");
    for (let losses = 0; losses < 20; losses++) {
      assert.equal(names(send(outbox)), "A");
      assert.notEqual(outbox.lost(true)?.isGuilty, true);
    }
    assert.equal(outbox.length, 1);
    assert.equal(outbox.clear()[0]!.strikes, 3);
  });
});
