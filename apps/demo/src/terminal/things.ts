import { NdArray } from "@laila/core";

/** What the first process memorizes and the second one expects back: three values of three kinds. */
export const things = {
  station: {
    pool: "s3",
    kind: "an object",
    value: { city: "Genoa", altitude: 19, sensors: ["t", "rh"] },
  },
  grid: { pool: "local_hdf5", kind: "a Float32Array with a shape", value: grid() },
  calendar: {
    pool: "local_hdf5",
    kind: "a Map with dates",
    value: new Map([
      ["installed", new Date("2024-05-01T08:00:00Z")],
      ["serviced", new Date("2026-11-23T16:00:00Z")],
    ]),
  },
} as const;

export const manifestNickname = "env_manifest_v1";

function grid(): NdArray {
  const data = Float32Array.from({ length: 48 * 64 }, (_, i) => Math.sin(i / 100));
  return new NdArray({ dtype: "float32", shape: [48, 64], data });
}
