import type { GlobalId } from "@laila/schema";
import { literal, showCode } from "../../core/code.js";
import { commandIn, routeCode } from "../../core/pools.js";

const importing = `import { laila } from "@laila/core";`;

/** By its nickname where it has one: that is what people know. */
function selectorOf(key: string, nickname: string | null): string {
  return nickname === null ? literal(key) : `{ nickname: ${literal(nickname)} }`;
}

export function showListing(poolId: GlobalId, prefix: string): void {
  const options = prefix === "" ? "" : `{ prefix: ${literal(prefix)} }`;
  showCode({
    title: "List a pool",
    typescript: `${importing}\n\nconst pool = laila.memory.poolRouter.route(${routeCode(poolId)});\nfor await (const key of pool.keys(${options})) console.log(key);`,
    command: commandIn(poolId, "pool ls", prefix === "" ? [] : [prefix]),
  });
}

export function showSearch(poolId: GlobalId, nickname: string): void {
  showCode({
    title: "Find by nickname",
    typescript: `import { globalIdOf } from "@laila/core";\n\n// The same everywhere, in Python too.\nglobalIdOf(${literal(nickname)});`,
    command: commandIn(poolId, "pool get", [nickname]),
  });
}

export function showRemember(poolId: GlobalId, key: string, nickname: string | null): void {
  showCode({
    title: "Remember an entry",
    typescript: `${importing}\n\nconst { data } = await laila.remember(${selectorOf(key, nickname)}, ${routeCode(poolId)});`,
    command: commandIn(poolId, "pool get", [nickname ?? key]),
  });
}

export function showMemorize(
  poolId: GlobalId,
  { name, nickname }: { readonly name: string; readonly nickname: string },
): void {
  const readers: Readonly<Record<string, string>> = {
    json: `JSON.parse(await readFile(${literal(name)}, "utf8"))`,
    npy: `decodeNpy(await readFile(${literal(name)}))`,
  };
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const value = readers[extension] ?? `new Uint8Array(await readFile(${literal(name)}))`;
  const imports = [
    `import { readFile } from "node:fs/promises";`,
    importing,
    ...(extension === "npy" ? [`import { decodeNpy } from "@laila/schema/codecs";`] : []),
  ];
  const named = nickname === "" ? "" : `, { nickname: ${literal(nickname)} }`;
  showCode({
    title: "Memorize a file",
    typescript: `${imports.join("\n")}\n\nconst value = ${value};\nawait laila.memorize(laila.constant(value${named}), ${routeCode(poolId)});`,
    command: commandIn(poolId, "pool put", [name], {
      ...(nickname === "" ? {} : { n: nickname }),
    }),
  });
}

export function showImport(poolId: GlobalId, name: string): void {
  showCode({
    title: "Import an HDF5 file",
    typescript: `import { laila, Manifest } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";

const arrays = [];
for await (const { path, value } of HDF5Pool.readDatasets(${literal(name)}))
  if (value) arrays.push(laila.constant(value, { nickname: \`${name.replaceAll(/[`\\$]/g, "\\$&")}\${path}\` }));
await new Manifest({ arrays }, { nickname: ${literal(name)} }).memorize(${routeCode(poolId)});`,
    command: null,
  });
}

export function showField(poolId: GlobalId, rows: number, columns: number): void {
  showCode({
    title: "Memorize an array",
    typescript: `import { laila, NdArray } from "@laila/core";\n\nconst data = new Float32Array(${rows} * ${columns});\nconst field = new NdArray({ dtype: "float32", shape: [${rows}, ${columns}], data });\nawait laila.memorize(laila.constant(field), ${routeCode(poolId)});`,
    command: commandIn(poolId, "pool put", ["field.npy"], { n: "field" }),
  });
}

export function showForget(poolId: GlobalId, key: string, nickname: string | null): void {
  showCode({
    title: "Forget an entry",
    typescript: `${importing}\n\nawait laila.forget(${selectorOf(key, nickname)}, ${routeCode(poolId)});`,
    command: commandIn(poolId, "pool rm", [nickname ?? key]),
  });
}

export function showDamage(poolId: GlobalId): void {
  showCode({
    title: "Find what is corrupt",
    typescript: `import { isLailaError, laila } from "@laila/core";\n\nconst pool = laila.memory.poolRouter.route(${routeCode(poolId)});\nfor await (const key of pool.keys({ prefix: "LAILA:ENTRY:" }))\n  await laila.remember(key, { pool }).catch((error) => {\n    if (isLailaError(error, "CORRUPT")) console.log(key, error.message);\n  });`,
    command: commandIn(poolId, "pool verify", []),
  });
}

export function showDownload(
  poolId: GlobalId,
  {
    key,
    nickname,
    file,
    isRaw,
  }: {
    readonly key: string;
    readonly nickname: string | null;
    readonly file: string;
    readonly isRaw: boolean;
  },
): void {
  const read = isRaw
    ? `const pool = laila.memory.poolRouter.route(${routeCode(poolId)});\nconst { bytes } = (await pool.read(${literal(key)}))!;`
    : `const { data } = await laila.remember(${selectorOf(key, nickname)}, ${routeCode(poolId)});`;
  const written = isRaw
    ? "bytes"
    : file.endsWith(".npy")
      ? "Buffer.concat(encodeNpy(data)!.parts)"
      : file.endsWith(".json")
        ? "JSON.stringify(data, null, 2)"
        : "data";
  const imports = [
    `import { writeFile } from "node:fs/promises";`,
    importing,
    ...(file.endsWith(".npy") ? [`import { encodeNpy } from "@laila/schema/codecs";`] : []),
  ];
  showCode({
    title: "Download an entry",
    typescript: `${imports.join("\n")}\n\n${read}\nawait writeFile(${literal(file)}, ${written});`,
    command: commandIn(poolId, "pool get", [nickname ?? key], {
      o: file,
      ...(isRaw ? { raw: true as const } : {}),
    }),
  });
}
