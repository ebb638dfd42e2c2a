// lib/jetstream/stream.ts, reading/group.ts and failures.ts without a server: what is asked of the servers, what is compared, and what
// each of their answers is called.
import assert from "node:assert/strict";
import type { RawConsumer } from "../../lib/jetstream/client.ts";
import { JetStreamError } from "../../lib/jetstream/errors.ts";
import { apiFailure, connectFailure } from "../../lib/jetstream/failures.ts";
import { type GroupSettings, openGroup } from "../../lib/jetstream/reading/group.ts";
import {
  checkStream,
  createStream,
  type JetStreamStreamSettings,
  listStreams,
} from "../../lib/jetstream/stream.ts";
import { parseAddress } from "../../lib/net/address.ts";
import { apiError, FakeConnection, FakeLink } from "./fake-servers.ts";

const SETTINGS: GroupSettings = {
  ...{ stream: "S", group: "g", filter: undefined, from: "earliest", order: "any", ackWait: 30_000 },
};

describe("a group of a stream", () => {
  const open = (link: FakeLink, part: Partial<GroupSettings> = {}) =>
    openGroup("fake", link, "seis", { ...SETTINGS, ...part });
  const configOf = async (part: Partial<GroupSettings>) => {
    const { consumers, created } = await open(new FakeLink(), part);
    assert.equal(created, true);
    return consumers[0]!.config;
  };

  it("is made where it is not there, and taken as it is where it is", async () => {
    const link = new FakeLink();
    const made = await open(link);
    assert.deepEqual(
      [made.created, made.consumers.map(({ name, config }) => [name, config])],
      [
        true,
        [
          [
            "g",
            {
              ...{ durable_name: "g", ack_policy: "explicit", deliver_policy: "all", ack_wait: 30e9 },
              ...{ max_ack_pending: 10_000, filter_subject: "seis.>" },
            },
          ],
        ],
      ],
    );
    const again = await open(link, { from: "latest" });
    assert.deepEqual([again.created, again.consumers], [false, made.consumers]);
  });

  for (const [name, part, words] of [
    ["filter", { filter_subject: "seis.1.>" }, "filter seis.1.>, not seis.>"],
    ["filters", { filter_subject: undefined, filter_subjects: ["a", "b"] }, "filter a, b, not seis.>"],
    ["no filter", { filter_subject: undefined }, "filter , not seis.>"],
    ["ackWait", { ack_wait: 999e6 }, "ackWait 0.999 s, not 30 s"],
    ["acknowledgement", { ack_policy: "none" }, "acknowledgement none, not explicit"],
    ["window", { max_ack_pending: 9999 }, "packets that may be open 9999, not 10000"],
    ["payloads", { headers_only: true }, "payloads left out, not sent"],
    ["deliveries", { max_deliver: 1 }, "deliveries 1, not without a limit"],
    ["backoff", { backoff: [1] }, "times to acknowledge that grow, not all the same"],
    ["delivery", { deliver_subject: "x" }, "delivery unasked, not when asked"],
  ] as [string, Partial<RawConsumer["config"]>, string][])
    it(`with another ${name} is refused in words, and not changed`, async () => {
      const link = new FakeLink();
      const { consumers } = await open(link);
      const config = { ...consumers[0]!.config, ...part };
      link.consumers.set("g", { ...consumers[0]!, config: config as RawConsumer["config"] });
      await assert.rejects(open(link), (error: JetStreamError) => {
        assert.equal(error.code, "GROUP_DIFFERS");
        assert.ok(error.message.includes(`other settings: ${words}.`), error.message);
        return true;
      });
      assert.deepEqual(link.consumers.get("g")!.config, config);
    });

  it("without a limit, or with the times that are usual, is the same", async () => {
    const link = new FakeLink();
    const { consumers } = await open(link);
    for (const part of [{ max_deliver: -1 }, { max_deliver: 0 }, { backoff: [] }, { headers_only: false }]) {
      link.consumers.set("g", { ...consumers[0]!, config: { ...consumers[0]!.config, ...part } });
      assert.equal((await open(link)).created, false);
    }
  });

  it("is not read in order here and in any order there; one of another that looks so is", async () => {
    const link = new FakeLink();
    await open(link);
    await assert.rejects(open(link, { order: "kept" }), {
      code: "GROUP_DIFFERS",
      message: /order any, not kept/,
    });
    await open(link, { group: "k", order: "kept" });
    await assert.rejects(open(link, { group: "k" }), {
      code: "GROUP_DIFFERS",
      message: /order kept, not any/,
    });
    await open(link, { group: "n-00" });
    await open(link, { group: "n" });
    assert.equal(link.consumers.size, 1 + 16 + 2);
  });

  it("begins where it is told, or behind what it had", async () => {
    const beginning = async (part: Partial<GroupSettings>) => {
      const { deliver_policy, opt_start_time, opt_start_seq } = await configOf(part);
      return [deliver_policy, opt_start_time ?? opt_start_seq];
    };
    assert.deepEqual(await beginning({ from: "latest" }), ["new", undefined]);
    assert.deepEqual(await beginning({ from: "2026-01-02T03:04:05.678Z" }), [
      ...["by_start_time", "2026-01-02T03:04:05.678Z"],
    ]);
    assert.deepEqual(await beginning({ from: -5 }), ["by_start_time", "1970-01-01T00:00:00.000Z"]);
    assert.deepEqual(await beginning({ from: "latest", behind: new Map([["g", 41]]) }), [
      "by_start_sequence",
      42,
    ]);
    assert.deepEqual(await beginning({ from: "latest", behind: new Map([["h", 41]]) }), ["new", undefined]);
    for (const from of ["soon", 253_402_300_800_000_000_000n])
      await assert.rejects(configOf({ from }), { code: "INVALID_ARGUMENT", message: /"from" is/ });
    assert.equal((await beginning({ from: 253_402_300_799_000_000_000n }))[1], "9999-12-31T23:59:59.000Z");
  });

  it("has a filter of codes or of subjects, with the partition in its place where order is kept", async () => {
    const subject = async (filter: GroupSettings["filter"], order: "any" | "kept" = "any") =>
      (await configOf({ filter, order })).filter_subject;
    assert.equal(await subject({ station: "JSC" }), "seis.*.*.*.JSC.*.*.*.*.*");
    assert.equal(await subject({ station: "JSC" }, "kept"), "seis.00.*.*.JSC.*.*.*.*.*");
    assert.equal(await subject("seis.07.>"), "seis.07.>");
    assert.equal(await subject("seis.>", "kept"), "seis.00.>");
    assert.equal(await subject("seis.*.FDSN.>", "kept"), "seis.00.FDSN.>");
    for (const [filter, order] of [
      ["eew.>", "any"],
      ["seis", "any"],
      ["seisx.>", "any"],
      ["seis.07.>", "kept"],
      ["seis.*", "kept"],
    ] as const)
      await assert.rejects(subject(filter, order), { code: "INVALID_ARGUMENT" }, `${filter} ${order}`);
  });

  it("is asked for, and made, as the servers answer", async () => {
    const link = new FakeLink();
    link.manager.consumers.info = async () => {
      throw apiError(10_008);
    };
    await assert.rejects(open(link), { code: "NO_ANSWER", message: /^Asking for group g of stream S/ });
    const other = new FakeLink();
    other.manager.consumers.add = async () => {
      throw apiError(10_023);
    };
    await assert.rejects(open(other), { code: "SERVER_ERROR", message: /^Making group g of stream S/ });
  });
});

describe("a stream for packets", () => {
  const asked: JetStreamStreamSettings = { stream: "S", replicas: 1, maxBytes: 1e6 };
  /** The stream that is there, with the settings of `asked`. */
  function there(): FakeConnection {
    const connection = new FakeConnection();
    connection.fake.stream.config.max_bytes = 1e6;
    return connection;
  }

  /** What the servers are asked to make. */
  async function made(part: Partial<JetStreamStreamSettings>): Promise<Record<string, unknown>> {
    const connection = new FakeConnection();
    connection.fake.failure = apiError(10_059);
    let config: object = {};
    connection.fake.manager.streams.add = async (given) => {
      config = given;
      return connection.fake.stream;
    };
    await createStream(connection, { ...asked, ...part });
    return config as Record<string, unknown>;
  }

  it("is made as it has to be", async () => {
    assert.deepEqual(await made({}), {
      ...{ name: "S", subjects: ["seis.>"], storage: "file", retention: "limits", discard: "old" },
      ...{ num_replicas: 1, max_bytes: 1e6, max_age: 0, duplicate_window: 120e9 },
    });
    const { num_replicas, subjects } = await made({ replicas: undefined, prefix: "a.b" });
    assert.deepEqual([num_replicas, subjects], [3, ["a.b.>"]]);
    assert.equal((await made({ maxBytes: 1 })).max_bytes, 1);
    for (const [part, age, window] of [
      [{ maxAge: 60 }, 60e9, 60e9],
      [{ maxAge: 3600 }, 3600e9, 120e9],
      [{ maxAge: 60, duplicateWindow: 60 }, 60e9, 60e9],
      [{ duplicateWindow: 0.1 }, 0, 1e8],
      [{ maxAge: 9e9, duplicateWindow: 9e9 }, 9e18, 9e18],
    ] as const) {
      const { max_age, duplicate_window } = await made(part);
      assert.deepEqual([max_age, duplicate_window], [age, window]);
    }
  });

  for (const part of [
    { replicas: 0 },
    { replicas: 6 },
    { replicas: 1.5 },
    { maxBytes: 0 },
    { maxBytes: 1.5 },
    { maxAge: 0.5 },
    { maxAge: 9.1e9 },
    { duplicateWindow: 0.09 },
    { duplicateWindow: 9.1e9 },
    { maxAge: 60, duplicateWindow: 60.1 },
    { prefix: "" },
    { prefix: "a..b" },
    { prefix: "a.>" },
    { stream: "x".repeat(201) },
    { stream: "a/b" },
  ])
    it(`is not made with ${JSON.stringify(part).slice(0, 40)}`, () =>
      assert.rejects(made(part), { code: "INVALID_ARGUMENT" }));

  it("that is there is taken where it is as asked, and else refused in words", async () => {
    const { fake } = there();
    assert.equal((await createStream(there(), asked)).stream, "S");
    assert.equal(
      (await createStream(there(), { ...asked, prefix: "seis", duplicateWindow: 120 })).prefix,
      "seis",
    );
    for (const [part, words] of [
      [{ prefix: "eew" }, "prefix seis, not eew"],
      [{ replicas: 3 }, "replicas 1, not 3"],
      [{ maxBytes: 2e6 }, "maxBytes 1000000, not 2000000"],
      [{ maxAge: 60 }, "maxAge without a limit, not 60"],
      [{ duplicateWindow: 5 }, "duplicateWindow 120, not 5"],
    ] as const)
      await assert.rejects(createStream(there(), { ...asked, ...part }), {
        code: "STREAM_DIFFERS",
        message: new RegExp(words),
      });
    assert.equal(fake.stream.config.max_bytes, 1e6);
  });

  it("is told with its limits, where it has any", async () => {
    const connection = there();
    const { config, state } = connection.fake.stream;
    Object.assign(config, { max_age: 90e9, duplicate_window: 5e8, subjects: ["x", "a.b.>"] });
    Object.assign(state, { messages: 3, bytes: 4, first_seq: 5, last_seq: 7 });
    connection.fake.stream.cluster = { leader: "one" };
    assert.deepEqual(await checkStream(connection, "S"), {
      ...{
        stream: "S",
        prefix: "a.b",
        replicas: 1,
        maxBytes: 1e6,
        maxAge: 90,
        duplicateWindow: 0.5,
        leader: "one",
      },
      ...{ messages: 3, bytes: 4, firstSequence: 5, lastSequence: 7, created: "2026-01-01T00:00:00Z" },
    });
    Object.assign(config, { max_age: 0, max_bytes: -1, duplicate_window: undefined });
    const { maxBytes, maxAge, duplicateWindow } = await checkStream(connection, "S");
    assert.deepEqual([maxBytes, maxAge, duplicateWindow], [undefined, undefined, 0]);
  });

  it("is none where packets cannot be stored", async () => {
    for (const [part, words] of [
      [{ subjects: [] }, /takes no subjects/],
      [{ subjects: ["a.*", "b"] }, /takes a\.\*, b/],
      [{ retention: "workqueue" }, /by "workqueue"/],
      [{ sealed: true }, /is sealed/],
    ] as const) {
      const connection = there();
      Object.assign(connection.fake.stream.config, part);
      await assert.rejects(checkStream(connection, "S"), { code: "STREAM_DIFFERS", message: words });
    }
  });

  it("of another that takes its subjects, or made by somebody meanwhile, is said to be so", async () => {
    for (const [number, code, words] of [
      [10_065, "STREAM_DIFFERS", /another stream takes subjects that begin with "seis"/],
      [10_058, "STREAM_DIFFERS", /made by somebody else just now/],
      [10_074, "SERVER_ERROR", /^Making stream S/],
    ] as const) {
      const connection = new FakeConnection();
      connection.fake.failure = apiError(10_059);
      connection.fake.manager.streams.add = async () => {
        throw apiError(number);
      };
      await assert.rejects(createStream(connection, asked), { code, message: words });
    }
    const connection = new FakeConnection();
    connection.fake.failure = apiError(10_008);
    await assert.rejects(createStream(connection, asked), { code: "NO_ANSWER" });
  });

  it("is listed, with a hundred others at most", async () => {
    const connection = new FakeConnection();
    assert.deepEqual(await listStreams(connection), ["S"]);
    connection.fake.manager.streams.names = () => ({ next: async () => Array.from({ length: 150 }, String) });
    assert.equal((await listStreams(connection)).length, 100);
  });
});

describe("what the client of NATS throws", () => {
  const named = (name: string, message = "x", more: object = {}) =>
    Object.assign(new Error(message), { name }, more);
  for (const [error, code, words] of [
    [apiError(10_059), "STREAM_NOT_FOUND", /no such stream/],
    [apiError(10_039), "JETSTREAM_OFF", /account has no JetStream/],
    [named("x", "x", { cause: apiError(10_039) }), "JETSTREAM_OFF", /account has no JetStream/],
    [apiError(10_008), "NO_ANSWER", /no answer/],
    [named("TimeoutError"), "NO_ANSWER", /no answer/],
    [named("JetStreamNotEnabled"), "NO_ANSWER", /no answer/],
    [named("NoRespondersError"), "NO_ANSWER", /no answer/],
    [named("RequestError"), "NO_ANSWER", /no answer/],
    [named("ClosedConnectionError"), "NO_ANSWER", /no answer/],
    [
      named("RequestError", "x", { cause: named("PermissionViolationError", "not you") }),
      "NOT_PERMITTED",
      /not you/,
    ],
    [named("Error", "Permissions Violation for x"), "NOT_PERMITTED", /Permissions Violation for x/],
    [apiError(10_099), "SERVER_ERROR", /answers "error 10099" \(10099\)/],
    [named("Error", "what", { code: 404 }), "SERVER_ERROR", /fake: what\.$/],
  ] as const)
    it(`${error.name} ${error.message} is ${code} as an answer`, () => {
      const failure = apiFailure("fake", "Asking", error);
      assert.deepEqual([failure.code, failure.cause], [code, error]);
      assert.match(failure.message, words);
      assert.match(failure.message, /^Asking at fake: /);
      assert.equal(apiFailure("other", "Asking again", failure), failure);
    });

  const form = { schemes: ["nats", "tls"], ports: [4222, 4222], webSocketPath: "" } as const;
  const addresses = ["nats://a", "nats://b"].map((text) => parseAddress(text, form, false));
  for (const [error, code, words] of [
    [named("AuthorizationError"), "NOT_PERMITTED", /does not let this client in/],
    [named("UserAuthenticationExpiredError"), "NOT_PERMITTED", /does not let this client in/],
    [named("Error", "bad seed"), "INVALID_ARGUMENT", /whole text of a \.creds file/],
    [named("TimeoutError"), "CONNECT_FAILED", /does not answer; check address and firewall\.$/],
    [named("Error", "server does not support 'tls'"), "CONNECT_FAILED", /has no TLS/],
    [named("Error", "unexpected response from server"), "CONNECT_FAILED", /not a NATS server/],
    [
      named("x", "x", { cause: named("Error", "", { code: "ECONNREFUSED" }) }),
      "CONNECT_FAILED",
      /nothing listens/,
    ],
    [named("Error", "", { code: "CERT_HAS_EXPIRED" }), "CERTIFICATE_REJECTED", /certificate/],
  ] as const)
    it(`${error.name} ${error.message} is ${code} where it connects`, () => {
      const failure = connectFailure("a,b", addresses.slice(0, 1), error);
      assert.deepEqual([failure.code, failure.cause], [code, error]);
      assert.match(failure.message, words);
      assert.equal(connectFailure("a,b", addresses, failure), failure);
    });

  it("is about all servers of a list, and about a certificate of this client where TLS may want one", () => {
    const refused = named("Error", "", { code: "ECONNREFUSED" });
    assert.match(
      connectFailure("a,b", addresses, refused).message,
      /^None of a,b can be reached\. Cannot connect to/,
    );
    assert.match(connectFailure("a", addresses.slice(0, 1), refused).message, /^Cannot connect to/);
    const late = connectFailure("tls://a", addresses, named("TimeoutError"));
    assert.match(late.message, /firewall, and whether it wants a certificate of this client/);
    assert.ok(late instanceof JetStreamError);
  });
});
