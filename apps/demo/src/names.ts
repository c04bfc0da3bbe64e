/** What the sample set-up calls its parts: known to the page's buttons, the recovery and the tests. */
export const names = {
  /** The name that the environment is saved under. */
  environment: "demo",
  /** The pools. */
  bucket: "bucket",
  local: "local",
  files: "files",
  scratch: "scratch",
  many: "many",
  taskforce: "background",
  /** The manifest, and the array that is remembered after a recovery. */
  manifest: "experiment",
  field: "temperature",
} as const;

/** Where the set-up keeps files while they are read: what a killed process has left there, the keeper removes. */
export const uploads = "uploads";
