import { Policy } from "@laila/policy";
import type { EnvironmentDocument } from "@laila/schema";
import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import {
  captureEnvironment,
  environmentHistory,
  labelEnvironment,
  loadEnvironment,
  pruneEnvironment,
  rollbackEnvironment,
  saveEnvironment,
} from "../src/index.js";
import { FaultyPool, keysOf } from "./support/faulty-pool.js";
import { failure } from "./support/policies.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const name = "prod";
const day = 24 * 60 * 60 * 1000;
const documents = ["a", "b", "c"].map((nickname) => captureEnvironment(new Policy({ nickname })));

/** What must be: the versions on the line by number, and the rest that a head knows. */
class Model {
  head = 0;
  readonly line = new Map<number, EnvironmentDocument>();
  readonly labels = new Map<string, number>();
  readonly trash = new Map<number, number>();

  save(document: EnvironmentDocument, force: boolean): boolean {
    if (!force && this.line.get(this.head) === document) return false;
    this.line.set(++this.head, document);
    return true;
  }

  prune(keep: number, now: number): { trashed: number[]; deleted: number[] } {
    const held = new Set([...this.labels.values(), this.head]);
    const deleted = [...this.trash].filter(([, since]) => since + day <= now).map(([n]) => n);
    const older = [...this.line.keys()].slice(0, Math.max(0, this.line.size - keep));
    const trashed = older.filter((n) => !held.has(n));
    for (const n of deleted) this.trash.delete(n);
    for (const n of trashed) {
      this.line.delete(n);
      this.trash.set(n, now);
    }
    return { trashed, deleted };
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant("save" as const), of: fc.nat(2), force: fc.boolean() }),
  fc.record({ do: fc.constant("rollback" as const), to: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    do: fc.constant("label" as const),
    label: fc.constantFrom("prod", "staging"),
    to: fc.option(fc.integer({ min: 1, max: 12 })),
  }),
  fc.record({ do: fc.constant("prune" as const), keep: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 30 }) }),
);

it("whatever is saved, labelled, rolled back and pruned, over a bad line, is what a model says", async () => {
  // The jitter before another try is not what is tested.
  vi.spyOn(Math, "random").mockReturnValue(0);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.infiniteStream(fc.nat(99)),
      async (steps, luck) => {
        let now = Date.parse("2026-01-01T00:00:00Z");
        vi.useFakeTimers({ toFake: ["Date"], now });
        const pool = new FaultyPool();
        const model = new Model();
        pool.fault = (operation, key) => {
          const drawn = luck.next().value as number;
          // One in five; what cannot be told apart from a refusal (a document that was not written) is no fault here.
          if (operation !== "write" || !key.includes("MANIFEST") || drawn > 20) return undefined;
          return (["lost-request", "lost-reply", "lost-reply-as-conflict"] as const)[drawn % 3];
        };
        const saved = { name, pool };
        for (const one of [{ do: "save", of: 0, force: false } as const, ...steps]) {
          if (one.do === "wait") {
            now += one.hours * 60 * 60 * 1000;
            vi.setSystemTime(now);
          } else if (one.do === "save") {
            const document = documents[one.of] as EnvironmentDocument;
            const created = model.save(document, one.force);
            const { force } = one;
            expect(await saveEnvironment(document, { ...saved, force })).toMatchObject({
              version: model.head,
              created,
            });
          } else if (one.do === "rollback") {
            const inTrash = model.trash.has(one.to);
            const result = await failure(rollbackEnvironment({ ...saved, version: one.to }));
            const document = model.line.get(one.to);
            if (document) {
              const created = model.save(document, false);
              expect(result).toMatchObject({ version: model.head, created, rollbackOf: one.to });
            } else if (inTrash) model.save((await documentOf(pool)) as EnvironmentDocument, false);
            else expect(result).toMatchObject({ code: "NOT_FOUND" });
          } else if (one.do === "label") {
            const call = labelEnvironment({ ...saved, labels: { [one.label]: one.to } });
            const result = await failure(call);
            if (one.to === null) model.labels.delete(one.label);
            else if (model.line.has(one.to)) model.labels.set(one.label, one.to);
            else if (model.labels.get(one.label) !== one.to)
              expect(result).toMatchObject({ code: "NOT_FOUND" });
            if (result.code === undefined)
              expect(result).toMatchObject({ labels: Object.fromEntries(model.labels) });
          } else {
            const expected = model.prune(one.keep, now);
            const result = await pruneEnvironment({ ...saved, keep: one.keep });
            expect({
              trashed: result.trashed.map(({ version }) => version),
              deleted: result.deleted.map(({ version }) => version),
            }).toEqual(expected);
          }
          const history = await environmentHistory(saved);
          expect(history.versions.map(({ version }) => version).reverse()).toEqual([
            ...model.line.keys(),
          ]);
          expect(history.labels).toEqual(Object.fromEntries(model.labels));
          expect(history.trash.map(({ version }) => version).sort()).toEqual(
            [...model.trash.keys()].sort(),
          );
        }
        for (const [version, environment] of model.line)
          expect(await loadEnvironment({ ...saved, version })).toMatchObject({ environment });
        // The head, and a document for each version on the line or in the trash: nothing else is left.
        expect(await keysOf(pool)).toHaveLength(1 + model.line.size + model.trash.size);
        vi.useRealTimers();
      },
    ),
    { numRuns: 150 },
  );
});

/** The document of the current version: what a rollback to a pruned one has brought back. */
async function documentOf(pool: FaultyPool): Promise<EnvironmentDocument | undefined> {
  const { environment } = await loadEnvironment({ name, pool });
  return documents.find(({ policy }) => policy.global_id === environment.policy.global_id);
}
