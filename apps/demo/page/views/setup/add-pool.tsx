import { useState } from "preact/hooks";
import type { AddPoolRequest } from "../../../src/api.js";
import { ask } from "../../core/api.js";
import { showCode } from "../../core/code.js";
import { refreshSetup } from "../../core/live.js";
import { Dialog } from "../../ui/dialog.js";
import { ErrorNote, Field } from "../../ui/parts.js";
import type { Tier } from "./forest.js";
import { addPoolSnippet } from "./snippets.js";

interface AddPoolProps {
  readonly tiers: readonly Tier[];
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Asks for a cache in memory, and adds it to the live policy. */
export function AddPool({ tiers, isOpen, onClose }: AddPoolProps) {
  const [nickname, setNickname] = useState("");
  const [proxyTo, setProxyTo] = useState("");
  const [error, setError] = useState<unknown>();
  const close = (): void => {
    setError(undefined);
    onClose();
  };
  const add = async (): Promise<void> => {
    setError(undefined);
    const origin = tiers.find(({ id }) => id === proxyTo);
    const body: AddPoolRequest = {
      nickname: nickname.trim(),
      ...(origin ? { proxyTo: origin.id as AddPoolRequest["proxyTo"] } : {}),
    };
    try {
      await ask("setup/pools", { body });
    } catch (problem) {
      setError(problem);
      return;
    }
    showCode(addPoolSnippet(body.nickname, origin));
    setNickname("");
    close();
    await refreshSetup();
  };
  return (
    <Dialog
      title="Add a cache in memory"
      isOpen={isOpen}
      onClose={close}
      action="Add it"
      onAction={() => void add()}
    >
      <Field label="Its name">
        <input
          class="input"
          name="nickname"
          required
          maxLength={60}
          autocomplete="off"
          spellcheck={false}
          value={nickname}
          onInput={({ currentTarget }) => setNickname(currentTarget.value)}
        />
      </Field>
      <Field label="A cache of">
        <select
          class="input"
          name="origin"
          value={proxyTo}
          onChange={({ currentTarget }) => setProxyTo(currentTarget.value)}
        >
          <option value="">nothing: a pool of its own</option>
          {tiers.map(({ id, title, config }) => (
            <option key={id} value={id}>
              {title === config.class_token ? title : `${title} (${config.class_token})`}
            </option>
          ))}
        </select>
      </Field>
      <p class="small quiet">
        What is not in a cache is read from its origin, and a copy stays here. It is part of the
        set-up from then on, and of the next version that you save.
      </p>
      {error === undefined ? null : <ErrorNote error={error} />}
    </Dialog>
  );
}
