// lib/server/: hostile clients in small numbers; test/slow/hostile.spec.ts has them in full.
import { describeHostileClients } from "./hostile.ts";

describeHostileClients({
  garbage: 100,
  trickling: 50,
  packets: 50_000,
  streams: 500,
  connections: 500,
  unreading: 10,
});
