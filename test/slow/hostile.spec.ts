// lib/server/: hostile clients in full numbers.
import { describeHostileClients } from "../server/hostile.ts";

describeHostileClients({
  garbage: 1000,
  trickling: 1000,
  packets: 1_000_000,
  streams: 10_000,
  connections: 10_000,
  unreading: 200,
});
