import { copyPool, laila } from "@laila/core";
import { names } from "../../names.js";
import { counts, field, mask, signal, spectrum, waves } from "./numbers.js";
import { sunset } from "./png.js";

/** One entry of every kind, where such a thing would lie, and a manifest that names some of them. */
export async function memorizeSample(): Promise<void> {
  const experiment = laila.manifest(
    {
      station: entry("station", {
        city: "Genoa",
        altitude: 19,
        position: { latitude: 44.41, longitude: 8.93 },
        sensors: ["temperature", "humidity", "wind"],
        active: true,
        retired: null,
      }),
      fields: {
        temperature: entry(names.field, field(512, 512)),
        waves: entry("waves", waves()),
        land: entry("land", mask()),
      },
      signals: [entry("signal", signal()), entry("spectrum", spectrum())],
      counts: entry("counts", counts()),
      calibration: entry("calibration", calibration()),
    },
    { nickname: names.manifest },
  );
  const { poolRouter } = laila.memory;
  const local = poolRouter.route({ poolNickname: names.local });
  const bucket = poolRouter.route({ poolNickname: names.bucket });

  await laila.guarantee(() => {
    experiment.memorize({ pool: local });
    laila.memorize(inBucket(), { pool: bucket });
    laila.memorize(inFiles(), { poolNickname: names.files });
    laila.memorize(thermostat());
  });
  // A copy elsewhere is what survives: the local pool is a cache of the bucket.
  await copyPool(local, bucket, { manifest: experiment });
}

const entry = <T>(nickname: string, value: T) => laila.constant(value, { nickname });

function calibration() {
  return new Map<string, unknown>([
    ["offset", -0.25],
    ["gain", Float64Array.of(1.02, 0.98, 1.01)],
    ["serviced", new Date("2026-03-01T08:30:00Z")],
  ]);
}

function inBucket() {
  return [
    entry("photo", sunset()),
    entry(
      "readme",
      "Measurements of a station by the sea.\nNothing here was measured: all of it is made up.",
    ),
    entry("installed", new Date("2024-05-01T08:00:00Z")),
    entry("tags", new Set(["sea", "wind", "public"])),
    entry("grains", 2n ** 200n),
  ];
}

function inFiles() {
  return [
    entry("operators", [
      { name: "Ann", since: new Date("2023-01-09T00:00:00Z"), keys: new Set(["gate", "mast"]) },
      { name: "Ben", since: new Date("2025-06-16T00:00:00Z"), keys: new Set(["gate"]) },
    ]),
    entry(
      "firmware",
      Uint8Array.from({ length: 4_096 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff),
    ),
    entry("limits", { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, zero: -0 }),
  ];
}

/** A variable and what it became; all of them are kept, in the pool that needs no address. */
function thermostat() {
  let now = laila.variable({ target: 19, mode: "off" }, { nickname: "thermostat" });
  const all = [now];
  for (const target of [20, 20.5, 21]) {
    now = now.evolve({ target, mode: "heat" });
    all.push(now);
  }
  return all;
}
