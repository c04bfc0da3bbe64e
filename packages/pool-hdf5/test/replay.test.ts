import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Journal } from "../src/journal.js";
import {
  decodeHeader,
  firstRecord,
  type JournalHeader,
  Op,
  RecordCodec,
  recordBytes,
} from "../src/journal-format.js";
import { type Replay, replayJournal } from "../src/journal-replay.js";

const header = { poolId: Buffer.alloc(16, 7), generation: 3, nonce: Buffer.alloc(16, 9) };
const codec = new RecordCodec(header);

interface Written {
  readonly bytes: Buffer;
  /** Where each batch ends. */
  readonly ends: number[];
  /** For each batch its puts: key and value. */
  readonly batches: [key: string, value: Buffer][][];
}

let written: Written;
let scratch: string;

async function write(
  path: string,
  batches: Written["batches"],
  under: JournalHeader = header,
): Promise<Written> {
  const journal = await Journal.create(path, join(path, ".."), under);
  const ends: number[] = [];
  let sequence = 0;
  for (const batch of batches) {
    const records = batch.map(([key, value]) => ({
      op: Op.put,
      sequence: ++sequence,
      key: Buffer.from(key),
      value,
    }));
    await journal.append(records, ++sequence);
    await journal.sync();
    ends.push(journal.size);
  }
  await journal.markSynced(++sequence);
  await journal.release();
  return { bytes: readFileSync(path), ends, batches };
}

async function replay(bytes: Buffer): Promise<Replay> {
  const path = join(scratch, "damaged");
  writeFileSync(path, bytes);
  const fd = openSync(path, "r");
  try {
    return await replayJournal(fd, (await stat(path)).size, codec);
  } finally {
    closeSync(fd);
  }
}

/** What a replay says of each key: its bytes, or that they are lost. */
function told(bytes: Buffer, { changes }: Replay): Map<string, string> {
  const state = new Map<string, string>();
  for (const change of changes) {
    if (change.op === "put") {
      state.set(change.key, bytes.toString("latin1", change.offset, change.offset + change.length));
    } else if (change.op === "lost") state.set(change.key, "lost");
  }
  return state;
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "laila-hdf5-replay-"));
  const value = (seed: number, length: number): Buffer => Buffer.alloc(length, `value ${seed} `);
  written = await write(join(scratch, "journal"), [
    [["a", value(1, 30)]],
    [
      ["b", value(2, 0)],
      ["ключ", value(3, 25)],
      ["d", value(4, 40)],
    ],
    [
      ["e", value(5, 12)],
      ["f", value(6, 17)],
    ],
  ]);
  return async () => {
    await rm(scratch, { recursive: true });
  };
});

describe("a journal", () => {
  it("says what was written", async () => {
    const found = await replay(written.bytes);
    expect(found.damage).toEqual([]);
    expect(found.end).toBe(written.bytes.length);
    const expected = written.batches.flat().map(([key, value]) => [key, value.toString("latin1")]);
    expect([...told(written.bytes, found)]).toEqual(expected);
  });

  it("loses only the value that a damaged byte hits, and never tells a wrong one", async () => {
    for (let at = firstRecord; at < written.bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bytes = Buffer.from(written.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const found = await replay(bytes);
        const state = told(bytes, found);
        const lost = [...state].filter(([, value]) => value === "lost");
        expect(lost.length, `byte ${at}`).toBeLessThanOrEqual(1);
        expect(found.damage.map(({ key }) => key)).toEqual(lost.map(([key]) => key));
        for (const [key, value] of written.batches.flat()) {
          if (state.get(key) !== "lost") {
            expect(state.get(key), `byte ${at}: ${key}`).toBe(value.toString("latin1"));
          }
        }
      }
    }
  });

  it("has every whole batch, however much of the end is missing", async () => {
    for (let length = firstRecord; length <= written.bytes.length; length++) {
      const found = await replay(written.bytes.subarray(0, length));
      const whole = written.ends.filter((end) => end <= length).length;
      const expected = written.batches.slice(0, whole).flat();
      expect([...told(written.bytes, found).keys()], `cut to ${length}`).toEqual(
        expected.map(([key]) => key),
      );
      expect(found.damage).toEqual([]);
    }
  });

  it("takes a damaged last batch that nothing follows for a write that was cut off", async () => {
    const end = written.ends.at(-1) ?? 0;
    const bytes = Buffer.from(written.bytes.subarray(0, end));
    const start = written.ends.at(-2) ?? 0;
    bytes.fill(0, start + recordBytes, start + recordBytes + 5);
    const found = await replay(bytes);
    expect(found.end).toBe(start);
    expect([...told(bytes, found).keys()]).toEqual(["a", "b", "ключ", "d"]);
  });

  it("goes on behind a run of zeros", async () => {
    const bytes = Buffer.from(written.bytes);
    const [first = 0, second = 0] = written.ends;
    bytes.fill(0, first - 20, second - 60);
    const found = await replay(bytes);
    expect(found.damage.length).toBeGreaterThan(0);
    expect([...told(bytes, found).keys()]).toEqual(["a", "e", "f"]);
    const zeros = Buffer.concat([written.bytes, Buffer.alloc(4096)]);
    expect((await replay(zeros)).end).toBe(written.bytes.length);
  });

  it("does not take a journal inside a value for its own records", async () => {
    // Of another journal, and of this very one as far as it was when the value was written.
    const other = await write(join(scratch, "other"), written.batches, {
      ...header,
      nonce: Buffer.alloc(16, 8),
    });
    for (const inner of [other.bytes, written.bytes]) {
      const outer = await write(join(scratch, `outer ${inner === other.bytes}`), [
        ...written.batches,
        [["outer", inner]],
        [["last", Buffer.from("x")]],
      ]);
      const bytes = Buffer.from(outer.bytes);
      const start = outer.ends[written.batches.length - 1] ?? 0;
      bytes.fill(0xee, start, start + recordBytes);
      const found = await replay(bytes);
      expect(found.damage.map((range) => range.start)).toEqual([start]);
      expect([...told(bytes, found).keys()]).toEqual(["a", "b", "ключ", "d", "e", "f", "last"]);
    }
  });

  it("keeps its header twice", () => {
    for (const copy of [0, 64]) {
      const bytes = Buffer.from(written.bytes);
      bytes.fill(0, copy, copy + 64);
      expect(decodeHeader(bytes)?.generation).toBe(3);
    }
    expect(decodeHeader(Buffer.alloc(128))).toBeUndefined();
  });
});
