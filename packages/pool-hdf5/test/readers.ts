import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Dataset, File, ready } from "h5wasm/node";

const run = promisify(execFile);
const script = fileURLToPath(new URL("read_h5.py", import.meta.url));
/** Debian's packages belong to the system's Python, which need not be the first one in the PATH. */
const pythons = ["/usr/bin/python3", "python3"];

export interface SeenDataset {
  /** In NumPy's letters. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** In C order, little endian. */
  readonly hex: string;
  /** With the attribute `dtype` heeded, as Python prints them; absent for large ones, and where the reader is not Python. */
  readonly values?: readonly string[] | null;
  readonly attributes: readonly string[];
}

/** Another program that opens HDF5 files. */
export interface Reader {
  readonly name: string;
  datasets(path: string): Promise<Readonly<Record<string, SeenDataset>>>;
}

async function versionOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(command, [...args])).stdout.trim();
  } catch {
    // Not installed here: whoever asks says so.
    return undefined;
  }
}

/** The Python that has h5py, and its version; undefined where there is none. */
export async function findH5py(): Promise<{ python: string; version: string } | undefined> {
  for (const python of pythons) {
    const version = await versionOf(python, [script]);
    if (version) return { python, version };
  }
  return undefined;
}

const writer = fileURLToPath(new URL("write_h5.py", import.meta.url));

/** Has h5py write a file of everything, and gives what it says that the numbers in it are. */
export async function writtenByH5py(
  python: string,
  path: string,
): Promise<Readonly<Record<string, { dtype: string; shape: number[]; sha256: string }>>> {
  const { stdout } = await run(python, [writer, path]);
  return JSON.parse(stdout) as Record<string, { dtype: string; shape: number[]; sha256: string }>;
}

/** `h5dump: Version 1.10.8`; undefined where it is not installed. */
export const findH5dump = (): Promise<string | undefined> => versionOf("h5dump", ["--version"]);

/** What h5dump prints of each dataset: its type, its dataspace, and its data, as they stand there. */
export async function dumped(
  path: string,
): Promise<Readonly<Record<string, { type: string; space: string; data: string }>>> {
  const { stdout, stderr } = await run("h5dump", ["-A", "0", "-w", "0", path], {
    maxBuffer: 1 << 28,
  });
  if (stderr !== "") throw new Error(stderr);
  const blocks = stdout.split(/^ {3}DATASET /m).slice(1);
  return Object.fromEntries(
    blocks.map((block) => {
      const [, name = "", type = "", space = "", data = ""] =
        /^"(.*)" \{\n\s+DATATYPE\s+([\s\S]*?)\n\s+DATASPACE\s+(.*)\n(?:\s+DATA \{\n([\s\S]*?) {6}\})?/.exec(
          block,
        ) ?? [];
      const lines = data.split("\n").map((line) => line.replace(/^\s*\([\d,]+\):\s*/, "").trim());
      return [name, { type: type.replace(/\s+/g, " "), space, data: lines.join(" ") }];
    }),
  );
}

const throughH5py = ({ python, version }: { python: string; version: string }): Reader => ({
  name: version,
  datasets: async (path) => {
    const { stdout } = await run(python, [script, path], { maxBuffer: 1 << 28 });
    return (JSON.parse(stdout) as { datasets: Record<string, SeenDataset> }).datasets;
  },
});

const letters: Readonly<Record<number, string>> = { 0: "i", 1: "f", 3: "S", 6: "c" };

/** The library by which the pool writes, asked without any of the pool's own code. */
const throughH5wasm: Reader = {
  name: "h5wasm's own reader (the library that wrote the file)",
  datasets: async (path) => {
    const module = await ready;
    const file = new File(path, "r");
    const seen: Record<string, SeenDataset> = {};
    for (const name of file.keys()) {
      const dataset = file.get(name);
      if (!(dataset instanceof Dataset)) throw new Error(`${name} is no dataset.`);
      const { type, size, signed, shape, total_size: count } = dataset.metadata;
      const letter = type === 0 && !signed ? "u" : letters[type];
      seen[name] = {
        dtype: `${size === 1 || letter === "S" ? "|" : "<"}${letter}${size}`,
        shape: shape ?? [],
        hex: rawBytes(module, file, name, size * count).toString("hex"),
        attributes: Object.keys(dataset.attrs).sort(),
      };
    }
    file.close();
    return seen;
  },
};

function rawBytes(
  module: Awaited<typeof ready>,
  { file_id }: File,
  name: string,
  length: number,
): Buffer {
  const pointer = module._malloc(length || 1);
  module.get_dataset_data(file_id, `/${name}`, null, null, null, BigInt(pointer));
  const bytes = Buffer.from(module.HEAPU8.slice(pointer, pointer + length));
  module._free(pointer);
  return bytes;
}

/** Those that are here: h5py where it is installed, and always one. */
export async function readersHere(): Promise<Reader[]> {
  const found = await findH5py();
  return found ? [throughH5py(found), throughH5wasm] : [throughH5wasm];
}
