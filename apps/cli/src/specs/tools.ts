import { type CommandSpec, pool, where } from "../spec.js";
import { recovering } from "./env.js";

export const tools: readonly CommandSpec[] = [
  {
    path: ["init"],
    about: "Make a project here: laila.config.*, secrets.toml (for its owner only) and .gitignore",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: {
      format: { type: "text", value: "ts|js|json", about: "Of the configuration (default: json)" },
      hdf5: { type: "text", value: "FILE", about: "A second pool, in an HDF5 file" },
      bucket: where.bucket,
      endpoint: where.endpoint,
      region: where.region,
      prefix: where.prefix,
    },
    json: "{ name, directory, files: [file] }",
    examples: [
      {
        line: "laila init prod --bucket things --region us-east-1 --hdf5 data.h5",
        about: "a bucket and a file",
      },
    ],
    load: async () => (await import("../tools/init.js")).init,
  },
  {
    path: ["doctor"],
    about: "Tell whether an environment would work here, and how to mend what would not",
    operands: "[NAME]",
    least: 0,
    most: 1,
    flags: {
      "no-probe": { type: "switch", about: "Write nothing at all" },
      ...recovering,
      ...where,
      ...pool,
    },
    json: "{ ok, findings: [{ code, severity, pool, poolName, text, fix, details }], pools, opened, name, version }",
    examples: [
      { line: "laila doctor prod", about: "a saved environment" },
      { line: "laila doctor --no-probe", about: "the project as it is, only looking" },
    ],
    load: async () => (await import("../tools/doctor.js")).diagnose,
  },
  {
    path: ["args", "explain"],
    about: "Tell where each argument came from; secrets are masked",
    operands: "",
    least: 0,
    most: 0,
    flags: where,
    json: "[{ name, value, secret, origin, source, replaced, unknown }]",
    examples: [{ line: "laila args explain", about: "every argument and LAILA_ variable" }],
    load: async () => (await import("../tools/explain.js")).explain,
  },
  {
    path: ["completion"],
    about: "Print the completion script of a shell",
    operands: "bash|zsh|fish",
    least: 1,
    most: 1,
    flags: {},
    json: "{ shell, script }",
    examples: [{ line: "laila completion bash", about: "eval it in ~/.bashrc" }],
    load: async () => (await import("../tools/completion.js")).completion,
  },
];
