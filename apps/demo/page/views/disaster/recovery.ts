import { effect, signal } from "@preact/signals";
import type { Failure, RecoverRequest, RecoverStep } from "../../../src/api.js";
import { ApiError, lines } from "../../core/api.js";
import { showCode } from "../../core/code.js";
import { life, refreshSetup, setup } from "../../core/live.js";
import { type Lost, lostOf } from "./lost.js";
import { localNames, recoverSnippet } from "./snippets.js";

/** A recovery that this page has asked for; it goes on while other views are looked at. */
export interface Recovery {
  readonly name: string;
  readonly steps: readonly RecoverStep[];
  /** By the page's clock, from the click. */
  readonly began: number;
  /** Null while it goes on. */
  readonly ms: number | null;
  readonly failure: Pick<Failure, "message"> | null;
  /** What did not come back; null until all that did is known. */
  readonly lost: Lost | null;
}

export const recovery = signal<Recovery | null>(null);

// Once all is lost again, perhaps from another window, the last way back is an old story.
effect(() => {
  if (life.value?.state !== "down") return;
  const last = recovery.peek();
  if (last && last.ms !== null && !last.failure) recovery.value = null;
});

/** Asks for everything back; each step is told as it happens. */
export async function recover(name: string): Promise<void> {
  const began = performance.now();
  const body: RecoverRequest = { name };
  const areFilesLost = life.value !== null && localNames(life.value).length === 0;
  recovery.value = { name, steps: [], began, ms: null, failure: null, lost: null };
  const update = (change: Partial<Recovery>): void => {
    if (recovery.value?.began === began) recovery.value = { ...recovery.value, ...change };
  };
  if (life.value) showCode(recoverSnippet({ name, life: life.value, setup: setup.value }));
  let failure: Recovery["failure"] = null;
  try {
    for await (const line of lines<RecoverStep>("life/recover", { body })) {
      update({ steps: withStep(recovery.value?.steps ?? [], line) });
      // One entry that is damaged in the bucket is no set-up that could not be recovered.
      if (line.step !== "remember") failure = line.failure ?? failure;
    }
  } catch (error) {
    failure ??=
      error instanceof ApiError ? error : new ApiError({ code: "FAILED", message: String(error) });
  }
  update({ ms: performance.now() - began, failure });
  if (failure) return;
  // Of the set-up that is back, which is what there was: this page may never have seen that.
  const back = await refreshSetup();
  if (back) update({ lost: lostOf(back, areFilesLost) });
}

/** The step's last line takes the place of its first. */
function withStep(steps: readonly RecoverStep[], line: RecoverStep): readonly RecoverStep[] {
  const at = steps.findIndex(({ step }) => step === line.step);
  return at < 0 ? [...steps, line] : steps.with(at, line);
}
