// A line of so many milliseconds there and back, to a server that has none: bytes pass late and in order.
// `node delay-child.mjs HOST PORT MILLISECONDS`
import { connect, createServer } from "node:net";

const [host = "", port = "", milliseconds = ""] = process.argv.slice(2);

/**
 * @param {import("node:net").Socket} from
 * @param {import("node:net").Socket} to
 */
const late = (from, to) => {
  const after = (/** @type {() => void} */ act) => setTimeout(act, Number(milliseconds) / 2);
  from.setNoDelay(true);
  from.on("data", (chunk) => after(() => to.writable && to.write(chunk)));
  from.on("end", () => after(() => to.end()));
  from.on("error", () => to.destroy());
};

const server = createServer((socket) => {
  const there = connect(Number(port), host);
  late(socket, there);
  late(there, socket);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : undefined });
});
process.on("disconnect", () => process.exit());
