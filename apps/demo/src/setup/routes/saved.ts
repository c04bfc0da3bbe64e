import {
  diffEnvironments,
  environmentHistory,
  environmentPatch,
  isLailaError,
  labelEnvironment,
  laila,
  listEnvironments,
  loadEnvironment,
  rollbackEnvironment,
  type VersionInfo,
} from "@laila/core";
import type { EnvironmentDocument } from "@laila/schema";
import { Hono } from "hono";
import * as z from "zod";
import type {
  CompareRequest,
  Comparison,
  DoctorAnswer,
  DoctorRequest,
  LabelRequest,
  RollbackRequest,
  Saved,
  SavedDocument,
  SavedHistory,
  SavedSummary,
  SavedVersion,
  SaveRequest,
  Which,
} from "../../api.js";
import { bodyOf, checked, limit } from "../../http.js";
import { sectionsOf } from "../compare.js";
import { param, store } from "../pool-of.js";
import { poolClasses } from "../sample/pools.js";

const version = z.int().min(1);
const which = z.union([
  z.strictObject({ live: z.literal(true) }),
  z.strictObject({ name: z.string().min(1), version }),
]) satisfies z.ZodType<Which>;
const saveSchema = z.strictObject({
  message: z.string().max(1_000),
}) satisfies z.ZodType<SaveRequest>;
const labelSchema = z.strictObject({
  labels: z.record(z.string(), version.nullable()),
}) satisfies z.ZodType<LabelRequest>;
const rollbackSchema = z.strictObject({ version }) satisfies z.ZodType<RollbackRequest>;
const compareSchema = z.strictObject({
  before: which,
  after: which,
}) satisfies z.ZodType<CompareRequest>;
const doctorSchema = z.strictObject({ which }) satisfies z.ZodType<DoctorRequest>;
const small = limit(2 ** 16);
const author = "the demo";

/** Saved environments: all of them in the bucket. */
export function savedRoutes(): Hono {
  const app = new Hono();

  app.get("/saved", async (c) => {
    const found: SavedSummary[] = [];
    for await (const { name, latest, labels } of listEnvironments({ pool: store() }))
      if (name !== undefined && latest) found.push({ name, latest: latest.version, labels });
    return c.json(found);
  });

  app.get("/saved/:name", async (c) => c.json(await historyOf(param(c, "name"))));

  app.get("/saved/:name/versions/:version", async (c) => {
    const options = {
      name: param(c, "name"),
      version: checked(Number(param(c, "version")), version),
      pool: store(),
    };
    const { environment, info } = await loadEnvironment(options);
    return c.json<SavedDocument>({ ...versionOf(info as VersionInfo), environment });
  });

  app.post("/saved/:name", small, async (c) => {
    const { message } = await bodyOf(c, saveSchema);
    const options = { name: param(c, "name"), pool: store(), message, author };
    const saved = await laila.saveEnvironment(laila.environment, options);
    return c.json<Saved>({ version: saved.version, created: saved.created });
  });

  app.post("/saved/:name/labels", small, async (c) => {
    const { labels } = await bodyOf(c, labelSchema);
    const name = param(c, "name");
    await labelEnvironment({ name, pool: store(), labels });
    return c.json(await historyOf(name));
  });

  app.post("/saved/:name/rollback", small, async (c) => {
    const { version } = await bodyOf(c, rollbackSchema);
    const options = { name: param(c, "name"), pool: store(), version, author };
    const saved = await rollbackEnvironment(options);
    return c.json<Saved>({ version: saved.version, created: saved.created });
  });

  app.post("/compare", small, async (c) => {
    const { before, after } = await bodyOf(c, compareSchema);
    const [a, b] = await Promise.all([documentOf(before), documentOf(after)]);
    const diff = diffEnvironments(a, b, { args: laila.args });
    const { equal } = diff;
    return c.json<Comparison>({ equal, sections: sectionsOf(diff), patch: patchOf(a, b) });
  });

  app.post("/doctor", small, async (c) => {
    const { which } = await bodyOf(c, doctorSchema);
    const { args, policy: reuse } = laila;
    const report =
      "live" in which
        ? await laila.doctor({ args })
        : await laila.doctor({ ...which, pool: store(), poolClasses, args, reuse });
    const { ok, opened, pools } = report;
    const findings = report.findings.map(({ severity, code, poolName, text, fix }) => {
      return { severity, code, poolName, text, fix };
    });
    return c.json<DoctorAnswer>({ ok, opened, pools, findings });
  });

  return app;
}

async function documentOf(which: Which): Promise<EnvironmentDocument> {
  if ("live" in which) return laila.environment;
  return (await loadEnvironment({ ...which, pool: store() })).environment;
}

/** A patch that would carry a secret is refused: then there is none to show. */
function patchOf(a: EnvironmentDocument, b: EnvironmentDocument): readonly unknown[] {
  try {
    return environmentPatch(a, b, { args: laila.args });
  } catch (error) {
    if (isLailaError(error, "INVALID_DOCUMENT")) return [];
    throw error;
  }
}

async function historyOf(name: string): Promise<SavedHistory> {
  const { current, versions, trash } = await environmentHistory({ name, pool: store() });
  const all = [...versions, ...trash].sort((a, b) => b.version - a.version);
  return { name, current, versions: all.map(versionOf) };
}

function versionOf(info: VersionInfo): SavedVersion {
  const { version, parent, time, digest, labels, rollbackOf } = info;
  const { author, message, trashed } = info;
  return {
    ...{ version, parent, time, digest, labels, rollbackOf },
    author: author ?? "",
    message: message ?? "",
    isTrashed: trashed !== null,
  };
}
