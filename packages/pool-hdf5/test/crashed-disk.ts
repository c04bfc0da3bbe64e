import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DiskOp } from "./disk-log.js";

interface FileState {
  bytes: Buffer;
  /** In ms; undefined while something is written that was not synced. */
  modified: number | undefined;
}

/** A directory: which file each name stands for, and what is in the files. */
export interface Image {
  readonly names: Map<string, number>;
  readonly files: Map<number, FileState>;
}

/** How much a power cut spares of what was not synced. */
export interface Mercy {
  /** Whether this operation on a directory reached the disk. */
  keepsName(): boolean;
  /** Which part of a write reached the disk: `all`, `none`, the `front` of so many bytes, `zeros` in its place, or its `pages` for which this is true. */
  keepsWrite(
    bytes: Buffer,
  ): "all" | "none" | "zeros" | { readonly front: number } | ((page: number) => boolean);
}

const pageBytes = 512;

/** What the disk holds after these operations, if the process ends and the machine goes on. */
export function afterKill(start: Image, ops: readonly DiskOp[]): Image {
  const image = copyOf(start);
  for (const op of ops) apply(image, op);
  return image;
}

/** What the disk may hold after these operations, if the machine stops: what was synced, and of the rest any part. */
export function afterPowerCut(start: Image, ops: readonly DiskOp[], mercy: Mercy): Image {
  const image = copyOf(start);
  const lastSync = new Map<number, number>();
  let lastDirectorySync = -1;
  for (const [i, op] of ops.entries()) {
    if (op.op === "sync") lastSync.set(op.file, i);
    else if (op.op === "sync directory") lastDirectorySync = i;
  }
  for (const [i, op] of ops.entries()) {
    if (op.op === "write" || op.op === "truncate") {
      if (i < (lastSync.get(op.file) ?? -1)) apply(image, op);
      else applyPart(image, op, mercy);
    } else if (op.op === "create") {
      // The file itself is of no account until a name stands for it.
      image.files.set(op.file, { bytes: Buffer.alloc(0), modified: undefined });
      if (i < lastDirectorySync || mercy.keepsName()) image.names.set(op.name, op.file);
    } else if (op.op === "rename" || op.op === "link" || op.op === "unlink") {
      if (i < lastDirectorySync || mercy.keepsName()) apply(image, op);
    } else apply(image, op);
  }
  return image;
}

/** Writes an image into an empty directory. Locks are left out: who held them is gone. */
export function materialize({ names, files }: Image, directory: string): void {
  for (const [name, file] of names) {
    const state = files.get(file);
    if (!state || name.includes(".lock")) continue;
    const path = join(directory, name);
    writeFileSync(path, state.bytes);
    if (state.modified === undefined) continue;
    const seconds = (state.modified + 0.5) / 1000;
    utimesSync(path, seconds, seconds);
  }
}

function copyOf({ names, files }: Image): Image {
  return {
    names: new Map(names),
    files: new Map([...files].map(([file, state]) => [file, { ...state }])),
  };
}

function apply(image: Image, op: DiskOp): void {
  const { names, files } = image;
  if (op.op === "create") {
    names.set(op.name, op.file);
    files.set(op.file, { bytes: Buffer.alloc(0), modified: undefined });
  } else if (op.op === "write") put(image, op.file, op.at, op.bytes);
  else if (op.op === "truncate") resize(image, op.file, op.size);
  else if (op.op === "sync") {
    const state = files.get(op.file);
    if (state) state.modified = op.modified;
  } else if (op.op === "unlink") names.delete(op.name);
  else if (op.op === "rename" || op.op === "link") {
    const file = names.get(op.from);
    if (file === undefined) return;
    names.set(op.to, file);
    if (op.op === "rename") names.delete(op.from);
  }
}

function applyPart(
  image: Image,
  op: Extract<DiskOp, { op: "write" | "truncate" }>,
  mercy: Mercy,
): void {
  if (op.op === "truncate") {
    if (mercy.keepsName()) resize(image, op.file, op.size);
    return;
  }
  const kept = mercy.keepsWrite(op.bytes);
  if (kept === "all") put(image, op.file, op.at, op.bytes);
  else if (kept === "zeros") put(image, op.file, op.at, Buffer.alloc(op.bytes.length));
  else if (typeof kept === "object") put(image, op.file, op.at, op.bytes.subarray(0, kept.front));
  else if (typeof kept === "function") {
    for (let from = 0, page = 0; from < op.bytes.length; from += pageBytes, page++) {
      if (kept(page)) put(image, op.file, op.at + from, op.bytes.subarray(from, from + pageBytes));
    }
  }
}

function put({ files }: Image, file: number, at: number, bytes: Buffer): void {
  const state = files.get(file);
  if (!state || bytes.length === 0) return;
  const size = Math.max(state.bytes.length, at + bytes.length);
  const next = Buffer.alloc(size);
  state.bytes.copy(next);
  bytes.copy(next, at);
  files.set(file, { bytes: next, modified: undefined });
}

function resize({ files }: Image, file: number, size: number): void {
  const state = files.get(file);
  if (!state) return;
  const next = Buffer.alloc(size);
  state.bytes.copy(next);
  files.set(file, { bytes: next, modified: undefined });
}
