import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { constant, encodeRecord } from "@laila/schema";
import { afterEach, describe, expect, it } from "vitest";
import { openRecord } from "../page/worker/open.js";

describe("a record over HTTP", () => {
  const entry = constant(new Uint8Array(300_000).fill(7), { nickname: "sevens" });
  const record = encodeRecord(entry);
  const key = entry.globalId;
  let close: () => void = () => undefined;
  afterEach(() => close());

  const openFrom = async (listener: RequestListener, loaded: number[] = []) => {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    close = () => {
      server.closeAllConnections();
      server.close();
    };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return openRecord({ url, key }, (progress) => loaded.push(progress.loaded));
  };

  it("is loaded with progress, also when its length is not told", async () => {
    const told: number[] = [];
    const opened = await openFrom((_, response) => {
      response.setHeader("content-length", record.length);
      response.end(record);
    }, told);
    expect(opened.data).toEqual(entry.data);
    expect(opened.facts).toMatchObject({ nickname: "sevens", bytes: record.length });
    expect(told.at(-1)).toBe(record.length);
    close();
    const untold = await openFrom((_, response) => {
      response.write(record.subarray(0, 99_999));
      response.end(record.subarray(99_999));
    });
    expect(untold.data).toEqual(entry.data);
  });

  it("is not loaded when it is larger than a page can take", async () => {
    const told: number[] = [];
    const opening = openFrom((_, response) => {
      response.setHeader("content-length", 600 * 1024 * 1024);
      response.write(record);
    }, told);
    await expect(opening).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(told).toEqual([]);
  });

  it("is refused with its code when it is damaged, misfiled, or not there", async () => {
    const answer =
      (bytes: Uint8Array): RequestListener =>
      (_, response) =>
        response.end(bytes);
    const corrupt = { code: "CORRUPT" };
    const damaged = record.map((byte, i) => (i === record.length - 5 ? byte ^ 4 : byte));
    await expect(openFrom(answer(damaged))).rejects.toMatchObject(corrupt);
    close();
    await expect(openFrom(answer(encodeRecord(constant(1))))).rejects.toMatchObject(corrupt);
    close();
    const notThere = openFrom((_, response) => {
      response.writeHead(404);
      response.end(JSON.stringify({ code: "NOT_FOUND", message: "It is not there." }));
    });
    await expect(notThere).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "It is not there.",
    });
  });
});
