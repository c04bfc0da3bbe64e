import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Journal } from "../src/journal.js";
import { decodeHeader, firstRecord, Op, RecordCodec } from "../src/journal-format.js";
import { type Replay, replayJournal } from "../src/journal-replay.js";
import { randomOf } from "./random.js";
import { fastDirectory } from "./rooms.js";
import { thorough } from "./thorough.js";

const header = { poolId: Buffer.alloc(16, 7), generation: 3, nonce: Buffer.alloc(16, 9) };
const gone = "gone";
const lost = "lost";

let scratch: string;
let whole: Buffer;
/** Where each batch lies, with the notes behind it. */
const batches: { start: number; end: number }[] = [];
/** All values that each key ever had, the last one last. */
const history = new Map<string, string[]>();

beforeAll(async () => {
  scratch = mkdtempSync(join(fastDirectory(), "laila-hdf5-framing-"));
  const path = join(scratch, "journal");
  const journal = await Journal.create(path, scratch, header);
  const random = randomOf(3);
  const count = thorough ? 12 : 5;
  let sequence = 700;
  for (let batch = 0; batch < count; batch++) {
    const start = journal.size;
    const records = Array.from({ length: 1 + random(4) }, () => {
      const key = `key ${random(7)}`;
      const value = Buffer.alloc(random(40), `${batch}${sequence} `);
      const states = history.get(key) ?? [];
      history.set(key, states);
      const op = random(4) === 0 ? Op.delete : Op.put;
      states.push(op === Op.delete ? gone : value.toString("latin1"));
      return {
        op,
        sequence: ++sequence,
        key: Buffer.from(key),
        ...(op === Op.put ? { value } : {}),
      };
    });
    await journal.append(records, ++sequence);
    await journal.sync();
    if (batch % 2 || batch === count - 1) await journal.markSynced(++sequence);
    batches.push({ start, end: journal.size });
  }
  await journal.release();
  whole = readFileSync(path);
});

afterAll(() => rmSync(scratch, { recursive: true }));

async function replay(bytes: Buffer): Promise<{ state: Map<string, string>; found: Replay }> {
  const path = join(scratch, "attacked");
  writeFileSync(path, bytes);
  const fd = openSync(path, "r");
  try {
    const read = decodeHeader(bytes);
    if (!read) throw new Error("no header");
    const found = await replayJournal(fd, bytes.length, new RecordCodec(read));
    const state = new Map<string, string>();
    for (const change of found.changes) {
      if (change.op === "put") {
        const { key, offset, length } = change;
        state.set(key, bytes.toString("latin1", offset, offset + length));
      } else if (change.op === "delete") state.set(change.key, gone);
      else if (change.op === "lost") state.set(change.key, lost);
    }
    return { state, found };
  } finally {
    closeSync(fd);
  }
}

/** Every key that does not have its last value. */
function different(state: ReadonlyMap<string, string>): string[] {
  return [...history]
    .filter(([key, values]) => state.get(key) !== values.at(-1))
    .map(([key]) => key);
}

const slice = (from: number, to?: number): Buffer => whole.subarray(from, to);

describe("the framing of a journal", () => {
  it("is whole to begin with", async () => {
    const { state, found } = await replay(whole);
    expect(different(state)).toEqual([]);
    expect(found.damage).toEqual([]);
    expect(found.end).toBe(whole.length);
  });

  it("survives any single bit: at most the value that it is in is lost, and that is told", async () => {
    for (let at = 0; at < whole.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const { state, found } = await replay(bytes);
        const hit = different(state);
        const where = `bit ${bit} of byte ${at}`;
        expect(hit.length, where).toBeLessThanOrEqual(1);
        for (const key of hit) {
          expect(state.get(key), where).toBe(lost);
          expect(
            found.damage.map((range) => range.key),
            where,
          ).toEqual([key]);
        }
        expect(found.end, where).toBe(whole.length);
      }
    }
  }, 3_600_000);

  it("tells of every run of zeros, and never makes a value of it", async () => {
    const random = randomOf(4);
    const last = batches.at(-1)?.start ?? 0;
    for (let start = firstRecord; start < whole.length; start += thorough ? 1 : 1 + random(12)) {
      for (const length of [2, 4, 40, 100, 512, 4096]) {
        const bytes = Buffer.from(whole);
        bytes.fill(0, start, Math.min(start + length, bytes.length));
        if (bytes.equals(whole)) continue;
        const { state, found } = await replay(bytes);
        const where = `${length} bytes from ${start}`;
        for (const key of different(state)) {
          const value = state.get(key) ?? gone;
          const known = [lost, gone, ...(history.get(key) ?? [])];
          expect(known, `${where}: ${key}`).toContain(value);
        }
        // What reaches to the end cannot be told from a batch that was cut off.
        const told = found.damage.length > 0 || found.end <= start || start + length > last;
        if (different(state).length > 0) expect(told, where).toBe(true);
      }
    }
  }, 3_600_000);

  it("puts swapped batches in their order", async () => {
    for (const [i, first] of batches.entries()) {
      for (const second of batches.slice(i + 1)) {
        const bytes = Buffer.concat([
          slice(0, first.start),
          slice(second.start, second.end),
          slice(first.end, second.start),
          slice(first.start, first.end),
          slice(second.end),
        ]);
        const { state, found } = await replay(bytes);
        const where = `${first.start} and ${second.start}`;
        expect(different(state), where).toEqual([]);
        expect(found.end, where).toBe(whole.length);
        expect(found.damage.length, where).toBeGreaterThan(0);
      }
    }
  });

  it("counts a batch once that is there twice, wherever the other is", async () => {
    for (const { start, end } of batches) {
      for (const { end: place } of [{ end: firstRecord }, ...batches]) {
        const bytes = Buffer.concat([slice(0, place), slice(start, end), slice(place)]);
        const { state, found } = await replay(bytes);
        const where = `${start} again at ${place}`;
        expect(different(state), where).toEqual([]);
        const told = found.damage.length > 0 || found.end === whole.length;
        expect(told, where).toBe(true);
      }
    }
  });
});
