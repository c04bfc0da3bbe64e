import { Skull } from "lucide-preact";
import { useState } from "preact/hooks";
import type { KillRequest, Life } from "../../../src/api.js";
import { ask } from "../../core/api.js";
import { showCode } from "../../core/code.js";
import { Dialog } from "../../ui/dialog.js";
import { Button, ErrorNote } from "../../ui/parts.js";
import { useAct } from "../../ui/use-act.js";
import { recovery } from "./recovery.js";
import { killSnippet, localNames } from "./snippets.js";

/** The button, and the question before it. */
export function Kill({ now, isAgain = false }: { now: Life; isAgain?: boolean }) {
  const [isAsking, setAsking] = useState(false);
  const [deleteFiles, setDeleteFiles] = useState(true);
  const { act, isBusy, error } = useAct();
  const kill = async (): Promise<void> => {
    const body: KillRequest = { deleteFiles };
    showCode(killSnippet(now, deleteFiles));
    const before = recovery.value;
    await ask<Life>("life/kill", { body });
    // The event has told of it, and somebody may be recovering already.
    if (recovery.value === before) recovery.value = null;
    setAsking(false);
  };
  return (
    <>
      <Button tone="danger" disabled={now.state !== "running"} onClick={() => setAsking(true)}>
        <Skull size={17} aria-hidden="true" /> {isAgain ? "Kill it again" : "Kill it"}
      </Button>
      <Dialog
        title="Kill the set-up?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        action={isBusy ? "Killing …" : "Kill it"}
        isDangerous
        onAction={() => void act(kill)}
      >
        <p>
          Process {now.pid} gets SIGKILL: no warning, no last word. What its pools have in memory is
          gone.
        </p>
        <label class="check">
          <input
            type="checkbox"
            checked={deleteFiles}
            onChange={({ currentTarget }) => setDeleteFiles(currentTarget.checked)}
          />
          <span>
            Delete the HDF5 file and everything else local, too:{" "}
            <span class="mono small">{localNames(now).join(", ")}</span>
          </span>
        </label>
        {error === null ? null : <ErrorNote error={error} />}
      </Dialog>
    </>
  );
}
