import { writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { inspect } from "node:util";
import { constant, globalIdOf, LailaError, type PoolLike } from "@laila/core";
import {
  type DecodedRecord,
  decodeRecord,
  encodeRecord,
  isGlobalId,
  isLailaError,
  parseJson,
} from "@laila/schema";
import { decodeNpy, encodeNpy } from "@laila/schema/codecs";
import { because, textOf } from "../because.js";
import { invalid } from "../env/name.js";
import { readNamed } from "../files.js";
import { count, size } from "../format.js";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";

/** The key that an operand means: a global id is itself, anything else the nickname of a constant, or a key as it is. */
async function keyOf(
  pool: PoolLike,
  operand: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (isGlobalId(operand)) return operand;
  const id = globalIdOf(operand, { namespace });
  return (await pool.exists(id, { signal })) || !(await pool.exists(operand, { signal }))
    ? id
    : operand;
}

/** `laila pool get`. */
export const get: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, signal, cwd } = context;
    const [operand = ""] = given.operands;
    const pool = await project.chosen();
    const key = await keyOf(pool, operand, project.laila.namespace, signal);
    const found = await pool.read(key, { signal });
    if (!found)
      throw new LailaError(
        "NOT_FOUND",
        `There is no ${operand} in the pool${key === operand ? "" : ` (${key})`}.`,
      );
    const raw = given.on("raw") || !isGlobalId(key);
    const record = raw ? undefined : decodeRecord(found.bytes, { key });
    const bytes = record ? payloadOf(record) : found.bytes;
    const out = given.text("out");
    if (out !== undefined && out !== "-") {
      const file = resolve(cwd, out);
      await writeFile(file, bytes);
      return {
        json: { key, bytes: found.bytes.byteLength, out: file },
        text: `${file}, ${size(bytes.byteLength)}`,
      };
    }
    const head = {
      key,
      bytes: found.bytes.byteLength,
      codec: record?.codec ?? null,
      nickname: record?.entry.nickname ?? null,
      written: record?.timestamp ?? null,
    };
    const data =
      record?.codec === "json"
        ? { data: record.entry.data }
        : { base64: Buffer.from(bytes).toString("base64") };
    return { json: { ...head, ...data }, bytes };
  });

/** As other programs read it. What has no form of its own outside of JavaScript is shown as Node shows it. */
function payloadOf({ codec, entry }: DecodedRecord): Uint8Array {
  const { data } = entry;
  const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\n`);
  if (codec === "json") return text(JSON.stringify(data, null, 2));
  if (codec === "structured")
    return text(inspect(data, { depth: null, maxArrayLength: null, maxStringLength: null }));
  if (codec === "npy") return Buffer.concat([...(encodeNpy(data)?.parts ?? [])]);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  const view = data as ArrayBufferView;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

const kinds = ["json", "npy", "text", "bytes"] as const;
type Kind = (typeof kinds)[number];

/** `laila pool put`. */
export const put: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, signal, cwd, stdin } = context;
    const [file = "-"] = given.operands;
    const kind = kindOf(given.text("as"), file);
    const bytes = file === "-" ? await stdin() : await readNamed(cwd, file);
    const nickname = given.text("nickname");
    const entry = constant(parsedValue(bytes, kind, file), {
      nickname,
      namespace: project.laila.namespace,
    });
    const record = encodeRecord(entry);
    const pool = await project.chosen();
    const key = entry.globalId;
    try {
      const guarded = !given.on("force") && pool.supports.conditionalWrites;
      await pool.write(key, record, {
        signal,
        ...(guarded ? { condition: { ifAbsent: true } } : {}),
      });
    } catch (error) {
      if (!isLailaError(error, "CONFLICT")) throw error;
      throw because(
        error,
        "CONFLICT",
        `There is a value ${nickname ?? key} in the pool already; it stays as it was.`,
      );
    }
    const { codec } = decodeRecord(record, { key });
    return {
      json: { key, nickname: nickname ?? null, codec, bytes: record.byteLength },
      text: key,
    };
  });

function kindOf(as: string | undefined, file: string): Kind {
  if (as === undefined)
    return file.endsWith(".json") ? "json" : file.endsWith(".npy") ? "npy" : "bytes";
  const kind = kinds.find((one) => one === as);
  if (kind === undefined)
    throw invalid(`--as takes ${kinds.join(", ")}, not ${JSON.stringify(as)}.`);
  return kind;
}

function parsedValue(bytes: Uint8Array, kind: Kind, file: string): unknown {
  if (kind === "bytes") return new Uint8Array(bytes);
  if (kind === "npy") return decodeNpy(new Uint8Array(bytes));
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return kind === "json" ? parseJson(text) : text.replace(/\r?\n$/, "");
  } catch (error) {
    throw because(
      error,
      "INVALID_ARGUMENT",
      `${basename(file)} is not ${kind === "json" ? "JSON" : "UTF-8 text"}: ${textOf(error)} Give --as bytes to store it as it is.`,
    );
  }
}

/** `laila pool rm`. */
export const rm: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, signal } = context;
    const pool = await project.chosen();
    const keys = await Promise.all(
      given.operands.map((operand) => keyOf(pool, operand, project.laila.namespace, signal)),
    );
    const there = await Promise.all(keys.map((key) => pool.exists(key, { signal })));
    const missing = keys.filter((_, i) => !there[i]);
    if (missing.length > 0 && !given.on("force"))
      throw new LailaError(
        "NOT_FOUND",
        `Nothing was deleted, for there is no ${given.operands.filter((_, i) => !there[i]).join(", ")}. With --force the others go.`,
      );
    const deleted = keys.filter((_, i) => there[i]);
    for (const { key, error } of await pool.deleteMany(deleted, { signal }))
      if (error !== undefined)
        throw new LailaError(
          "MULTIPLE",
          `${key} and maybe others could not be deleted. Run it again.`,
          { errors: [error], cause: error },
        );
    context.say(`${count(deleted.length, "value")} deleted.`);
    return { json: { deleted, missing }, text: deleted.join("\n") };
  });
