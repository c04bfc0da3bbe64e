import { type CommandSpec, type FlagSpec, pool, where } from "../spec.js";

const message = {
  message: { type: "text", short: "m", value: "TEXT", about: "Why, for the history" },
  author: {
    type: "text",
    value: "NAME",
    about: "Who (default: LAILA_AUTHOR, then the user's name)",
  },
  force: { type: "switch", about: "A new version even when nothing changed" },
  sign: {
    type: "text",
    value: "FILE",
    about: "An Ed25519 private key (PEM) to sign the version with",
  },
  unsafe: { type: "switch", about: "Also in a pool without conditional writes" },
} as const satisfies Record<string, FlagSpec>;

const opening = {
  identity: { type: "texts", value: "FILE", about: "An age identity that opens sealed secrets" },
  "passphrase-file": {
    type: "text",
    value: "FILE",
    about: "The passphrase that opens sealed secrets",
  },
} as const satisfies Record<string, FlagSpec>;

export const recovering = {
  ...opening,
  only: { type: "texts", value: "POOL", about: "Some pools only" },
  trust: { type: "texts", value: "SECRET=ORIGIN", about: "This secret may go to this place" },
  "allow-path": {
    type: "texts",
    value: "DIR",
    about: "Absolute paths of the document may lie below it",
  },
  approve: {
    type: "texts",
    value: "WHAT",
    about: "A change that is meant: encryption, proxies, alpha_pool, version",
  },
  verify: {
    type: "text",
    value: "FILE",
    about: "An Ed25519 public key (PEM) that must have signed the version",
  },
} as const satisfies Record<string, FlagSpec>;

const version =
  "{ version, leafId, digest, parent, author, message, time, labels, current, rollbackOf, trashed }";
const saved = "{ version, name, manifestId, leafId, digest, created }";

export const env: readonly CommandSpec[] = [
  {
    path: ["env", "show"],
    about: "Print a saved environment: NAME, NAME@3, NAME@label; @live is the project's set-up now",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: {
      ...where,
      ...pool,
      time: { type: "text", value: "TIME", about: "The one that was current then" },
    },
    json: "{ name, version, info, environment }; info and version are null for @live",
    examples: [
      { line: "laila env show prod", about: "the current version" },
      { line: "laila env show prod@1", about: "an older one" },
      {
        line: "laila env show prod --bucket things --secrets secrets.toml",
        about: "without a project",
      },
    ],
    load: async () => (await import("../env/read.js")).show,
  },
  {
    path: ["env", "save"],
    about: "Save the project's set-up as the next version; unchanged, it makes none",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: { ...message, ...where, ...pool },
    json: saved,
    examples: [{ line: 'laila env save prod -m "a second cache"', about: "the next version" }],
    load: async () => (await import("../env/write.js")).save,
  },
  {
    path: ["env", "list"],
    about: "List the environments that are saved in a pool",
    operands: "",
    least: 0,
    most: 0,
    flags: { ...where, ...pool },
    json: `[{ name, manifestId, latest, labels, error }]; latest is ${version} or null`,
    examples: [{ line: "laila env list --json", about: "as JSON" }],
    load: async () => (await import("../env/read.js")).list,
  },
  {
    path: ["env", "history"],
    about: "List the versions of an environment, newest first",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: {
      limit: { type: "text", short: "n", value: "N", about: "The newest N only" },
      ...where,
      ...pool,
    },
    json: `{ name, manifestId, current, versions, more, labels, trash }; versions and trash are lists of ${version}`,
    examples: [{ line: "laila env history prod -n 10", about: "the newest ten" }],
    load: async () => (await import("../env/read.js")).history,
  },
  {
    path: ["env", "diff"],
    about: "Compare two environments; one operand is compared with the project's set-up now",
    operands: "[A] [B]",
    least: 0,
    most: 2,
    flags: {
      patch: { type: "switch", about: "As a JSON Patch (RFC 6902) that turns A into B" },
      "exit-code": { type: "switch", about: "Exit with 1 when they differ" },
      ...where,
      ...pool,
    },
    json: "{ before, after, diff }, where diff is { equal, added, removed, changed, policy, pools, routing, proxies, taskforces, connections, … }; with --patch a list of { op, path, value }",
    examples: [
      { line: "laila env diff prod", about: "has the project drifted from what is saved?" },
      {
        line: "laila env diff prod@1 prod@current --patch",
        about: "what turns one into the other",
      },
    ],
    load: async () => (await import("../env/read.js")).diff,
  },
  {
    path: ["env", "label"],
    about: "Put, move and take away labels, all together or none; without labels list them",
    operands: "NAME [LABEL=VERSION...]",
    least: 1,
    most: 64,
    flags: {
      remove: { type: "texts", value: "LABEL", about: "Take a label away" },
      expect: {
        type: "texts",
        value: "LABEL=VERSION",
        about: "Only if it stands there now (LABEL= for nowhere)",
      },
      unsafe: message.unsafe,
      ...where,
      ...pool,
    },
    json: "{ name, manifestId, labels, before }; labels is label -> version",
    examples: [
      { line: "laila env label prod stable=1 next=current", about: "two labels in one step" },
      { line: "laila env label prod --remove next", about: "take one away" },
    ],
    load: async () => (await import("../env/write.js")).label,
  },
  {
    path: ["env", "rollback"],
    about: "Save an older version as a new one: NAME@3, NAME@label",
    operands: "NAME@VERSION",
    least: 1,
    most: 1,
    flags: {
      time: { type: "text", value: "TIME", about: "The one that was current then" },
      ...message,
      ...where,
      ...pool,
    },
    json: "{ version, name, manifestId, leafId, digest, created, rollbackOf }",
    examples: [{ line: "laila env rollback prod@1", about: "version 1 becomes the next version" }],
    load: async () => (await import("../env/write.js")).rollback,
  },
  {
    path: ["env", "recover"],
    about:
      "Rebuild a saved environment in this process, every pool opened, and tell what was built",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: {
      "dry-run": { type: "switch", about: "Open nothing; show which secret would go where" },
      ...recovering,
      ...where,
      ...pool,
    },
    json: "{ name, version, policy, pools: [{ id, nickname, class }] }; with --dry-run { ok, policy, name, version, pools, changes, problems }",
    examples: [
      { line: "laila env recover prod --dry-run", about: "what would be done" },
      { line: "laila env recover prod@1", about: "do it, with an older version" },
    ],
    load: async () => (await import("../env/recover.js")).recover,
  },
  {
    path: ["env", "prune"],
    about: "Put old versions into the trash; a run 24 hours later deletes them",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: {
      keep: { type: "text", value: "N", about: "How many of the newest stay" },
      before: { type: "text", value: "TIME", about: "Those that were saved before" },
      version: { type: "texts", value: "N", about: "Exactly this one (may be repeated)" },
      "dry-run": { type: "switch", about: "Tell what would go" },
      unsafe: message.unsafe,
      ...where,
      ...pool,
    },
    json: "{ name, manifestId, trashed, deleted, waiting, labelled, left, clock, dryRun }",
    examples: [{ line: "laila env prune prod --keep 20 --dry-run", about: "what would go" }],
    load: async () => (await import("../env/write.js")).prune,
  },
  {
    path: ["env", "seal"],
    about: "Save a version with its secrets in it, encrypted with age",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: {
      recipient: { type: "texts", value: "AGE1…", about: "For whom (may be repeated)" },
      "new-passphrase-file": {
        type: "text",
        value: "FILE",
        about: "By the passphrase in this file",
      },
      ...opening,
      ...message,
      ...where,
      ...pool,
    },
    json: saved,
    examples: [
      {
        line: "laila env seal prod --recipient age1rrujxvmrwf9vr2vjnhuqx38m8krzqyd2nagqeucnz3c6et4r047sunlh95",
        about: "for the holder of a key",
      },
    ],
    load: async () => (await import("../env/seal.js")).seal,
  },
];
