import { Task } from "../task.js";
import { settingsOf, type TransferOptions } from "./options.js";
import { Tally, type TransferEvent, type TransferReport } from "./report.js";
import { Run } from "./run.js";

/**
 * A copy, move or mirror that was started. Await it for its report, or go through it for its events, or
 * both. It rejects with MULTIPLE when keys failed (`errors`, the keys in `details.keys`; all other keys are done),
 * with ABORTED or TIMEOUT through its signal, with the error itself when a listing failed or a pool can
 * go on with no key (CLOSED, NO_SUCH_STORE, NO_SPACE …). `report` tells what was done in any case.
 * It belongs to no policy, so no guarantee waits for it: await it yourself. A reader of its events who is
 * slow holds up nothing: beyond 1,024 waiting events the oldest are dropped.
 */
export class Transfer extends Task<TransferReport, TransferEvent> {
  #tally = new Tally(false);

  /** @internal Transfers come from `copyPool`, `movePool` and `mirror`. */
  constructor(what: string, options: TransferOptions, work: (run: Run) => Promise<void>) {
    super(
      options,
      async (signal, tell) => {
        const run = new Run(settingsOf(options), signal, tell);
        this.#tally = run.tally;
        await work(run);
        const failure = run.failure(what);
        if (failure) throw failure.error;
        return run.tally.report();
      },
      { patient: false },
    );
  }

  get [Symbol.toStringTag](): string {
    return "Transfer";
  }

  get report(): TransferReport {
    return this.#tally.report();
  }
}
