import type {
  Comparison,
  DoctorAnswer,
  SavedDocument,
  SavedHistory,
  SavedSummary,
  Which,
} from "../../../src/api.js";
import { ask, pathOf } from "../../core/api.js";
import { setup } from "../../core/live.js";
import { type Loaded, put, refresh, useLoaded } from "../../core/loaded.js";

/** A document as an address names it: `live`, or the number of a version. */
export type Named = "live" | number;

export function namedOf(text: string | undefined): Named | undefined {
  if (text === "live") return "live";
  return text !== undefined && /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}

function whichOf(name: string, named: Named): Which {
  return named === "live" ? { live: true } : { name, version: named };
}

/** What a document is called on screen. */
export function titleOf(named: Named): string {
  return named === "live" ? "the live set-up" : `version ${named}`;
}

const loadSaved = (): Promise<SavedSummary[]> => ask<SavedSummary[]>("saved");

export function useSaved(): Loaded<readonly SavedSummary[]> {
  return useLoaded("saved", loadSaved);
}

const historyPath = (name: string): string => pathOf("saved", name);
const loadHistory = (name: string) => () => ask<SavedHistory>(historyPath(name));

export function useHistory(name: string): Loaded<SavedHistory> {
  return useLoaded(historyPath(name), loadHistory(name));
}

/** After something has changed what is saved. */
export async function refreshHistory(name: string): Promise<void> {
  await Promise.all([refresh(historyPath(name), loadHistory(name)), refresh("saved", loadSaved)]);
}

export function putHistory(history: SavedHistory): void {
  put(historyPath(history.name), history);
}

export function useVersion(name: string, version: number): Loaded<SavedDocument> {
  const path = pathOf("saved", name, "versions", String(version));
  return useLoaded(path, () => ask<SavedDocument>(path));
}

export function useComparison(name: string, before: Named, after: Named): Loaded<Comparison> {
  const isLive = before === "live" || after === "live";
  const body = { before: whichOf(name, before), after: whichOf(name, after) };
  return useLoaded(
    `compare ${name} ${before} ${after}`,
    () => ask<Comparison>("compare", { body }),
    isLive ? setup.value : null,
  );
}

const doctorKey = (name: string, named: Named): string => `doctor ${name} ${named}`;
const loadDoctor = (name: string, named: Named) => () =>
  ask<DoctorAnswer>("doctor", { body: { which: whichOf(name, named) } });

export function useDoctor(name: string, named: Named): Loaded<DoctorAnswer> {
  return useLoaded(doctorKey(name, named), loadDoctor(name, named));
}

export function askDoctor(name: string, named: Named): Promise<void> {
  return refresh(doctorKey(name, named), loadDoctor(name, named));
}
