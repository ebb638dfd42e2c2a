// Our server in a process of its own, with a ring of so many bytes; tells its port.
import { DataLinkServer } from "../../lib/index.ts";

async function serve(ringBytes: number): Promise<void> {
  const server = await DataLinkServer.listen({ port: 0, ringBytes });
  process.send!(server.port);
  process.once("disconnect", () => void server.close());
}

void serve(Number(process.argv[2]));
