import type { Supports } from "@laila/pool";

/** What is promised on a service. */
export interface Service {
  /** The conformance suite runs on it. */
  readonly tested: boolean;
  readonly supports: Pick<
    Supports,
    "conditionalWrites" | "durable" | "persistent" | "sharedBetweenProcesses" | "evicts"
  >;
}

const nothing = {
  conditionalWrites: false,
  durable: false,
  persistent: false,
  sharedBetweenProcesses: false,
  evicts: false,
};

/** Measured with opendal 0.49.2. */
const services: Readonly<Record<string, Service>> = {
  memory: { tested: true, supports: nothing },
  // Values are synced, but the directory after the renaming is not, so that a power cut may lose a write.
  // With atomic_write_dir, of 20 writers with if_not_exists a dozen win; without it, readers see half a value.
  fs: { tested: true, supports: { ...nothing, persistent: true, sharedBetweenProcesses: true } },
  s3: {
    tested: true,
    supports: {
      conditionalWrites: true,
      durable: true,
      persistent: true,
      sharedBetweenProcesses: true,
      evicts: false,
    },
  },
  dashmap: { tested: false, supports: nothing },
  moka: { tested: false, supports: { ...nothing, evicts: true } },
  "mini-moka": { tested: false, supports: { ...nothing, evicts: true } },
  mini_moka: { tested: false, supports: { ...nothing, evicts: true } },
};

/** Of a service that nobody has measured, no more than that it keeps what it was given. */
const unknown: Service = { tested: false, supports: { ...nothing, persistent: true } };

export function serviceOf(scheme: string): Service {
  return Object.hasOwn(services, scheme) ? (services[scheme] ?? unknown) : unknown;
}

export const testedSchemes: readonly string[] = ["memory", "fs", "s3"];
