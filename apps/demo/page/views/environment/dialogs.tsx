import { useState } from "preact/hooks";
import type {
  LabelRequest,
  RollbackRequest,
  Saved,
  SavedHistory,
  SaveRequest,
} from "../../../src/api.js";
import { ask, pathOf } from "../../core/api.js";
import { Dialog } from "../../ui/dialog.js";
import { ErrorNote, Field } from "../../ui/parts.js";
import { useAct } from "../../ui/use-act.js";
import { showLabel, showRollback, showSave } from "./snippets.js";
import { putHistory, refreshHistory } from "./store.js";

interface Asked {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Closes the dialog when it has worked, else shows why not. */
function useAsked({ onClose }: Asked) {
  const { act, error, forgetError } = useAct();
  return {
    act: (doIt: () => Promise<void>) => act(() => doIt().then(onClose)),
    close: () => {
      forgetError();
      onClose();
    },
    note: error === null ? null : <ErrorNote error={error} />,
  };
}

interface SaveProps extends Asked {
  readonly name: string;
  readonly onSaved: (saved: Saved) => void;
}

/** The live set-up as the next version. */
export function SaveDialog({ name, onSaved, ...asked }: SaveProps) {
  const [message, setMessage] = useState("");
  const { act, close, note } = useAsked(asked);
  const save = async (): Promise<void> => {
    showSave(name, message);
    const body: SaveRequest = { message };
    const saved = await ask<Saved>(pathOf("saved", name), { body });
    await refreshHistory(name);
    setMessage("");
    onSaved(saved);
  };
  return (
    <Dialog
      title={`Save as the next version of ${name}`}
      isOpen={asked.isOpen}
      onClose={close}
      action="Save"
      onAction={() => void act(save)}
    >
      <Field label="Message: what has changed, and why">
        <input
          class="input"
          value={message}
          maxLength={1000}
          placeholder="a second cache"
          onInput={({ currentTarget }) => setMessage(currentTarget.value)}
        />
      </Field>
      <p class="quiet small">
        Secrets are saved by name only. What has not changed makes no version.
      </p>
      {note}
    </Dialog>
  );
}

/** Puts a label on a version, or (null) takes it away. */
export async function setLabel(name: string, label: string, version: number | null): Promise<void> {
  showLabel(name, label, version);
  const body: LabelRequest = { labels: { [label]: version } };
  putHistory(await ask<SavedHistory>(`${pathOf("saved", name)}/labels`, { body }));
}

interface LabelProps extends Asked {
  readonly history: SavedHistory;
  readonly version: number;
}

export function LabelDialog({ history, version, ...asked }: LabelProps) {
  const [label, setLabelText] = useState("");
  const { act, close, note } = useAsked(asked);
  const text = label.trim();
  const holder = history.versions.find(({ labels }) => labels.includes(text));
  return (
    <Dialog
      title={`Put a label on version ${version}`}
      isOpen={asked.isOpen}
      onClose={close}
      action="Put it on"
      onAction={() =>
        void act(async () => {
          await setLabel(history.name, text, version);
          setLabelText("");
        })
      }
    >
      <Field label="Label">
        <input
          class="input"
          value={label}
          maxLength={64}
          placeholder="stable"
          required
          onInput={({ currentTarget }) => setLabelText(currentTarget.value)}
        />
      </Field>
      <p class="quiet small">
        {holder && holder.version !== version
          ? `It moves here from version ${holder.version}.`
          : "A label is at one version at a time. A version with a label is never pruned."}
      </p>
      {note}
    </Dialog>
  );
}

interface RollbackProps extends Asked {
  readonly name: string;
  readonly version: number;
  readonly onRolledBack: (saved: Saved) => void;
}

export function RollbackDialog({ name, version, onRolledBack, ...asked }: RollbackProps) {
  const { act, close, note } = useAsked(asked);
  const rollBack = async (): Promise<void> => {
    showRollback(name, version);
    const body: RollbackRequest = { version };
    const saved = await ask<Saved>(`${pathOf("saved", name)}/rollback`, { body });
    await refreshHistory(name);
    onRolledBack(saved);
  };
  return (
    <Dialog
      title={`Roll back to version ${version}?`}
      isOpen={asked.isOpen}
      onClose={close}
      action="Roll back"
      isDangerous
      onAction={() => void act(rollBack)}
    >
      <p>
        What is in version {version} becomes the next version of {name}. No version is lost.
      </p>
      <p class="quiet small">
        The set-up that runs here stays as it is: whoever recovers {name} from now on gets the new
        version.
      </p>
      {note}
    </Dialog>
  );
}
