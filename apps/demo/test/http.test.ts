import { Hono } from "hono";
import { expect, test, vi } from "vitest";
import { answerFailure } from "../src/http.js";

test("a mistake of the program is told to who runs it, and not what a caller has broken off", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const app = new Hono();
  app.get("/", () => {
    throw new Error("aborted");
  });
  app.onError(answerFailure);
  const gone = new Request("http://127.0.0.1/", { signal: AbortSignal.abort() });
  expect((await app.request(gone)).status).toBe(500);
  expect(said).not.toHaveBeenCalled();
  expect((await app.request("/")).status).toBe(500);
  expect(said).toHaveBeenCalledOnce();
  said.mockRestore();
});
