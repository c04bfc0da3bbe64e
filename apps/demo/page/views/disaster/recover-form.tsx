import { RotateCcw } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Field } from "../../ui/parts.js";
import { recover } from "./recovery.js";

/** One field: the name that it was saved under. */
export function RecoverForm({ hint, tried }: { hint: string; tried: string }) {
  const [name, setName] = useState(tried);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="recover-form"
      onSubmit={(event) => {
        event.preventDefault();
        void recover(name.trim());
      }}
    >
      <Field label="The name it was saved under">
        <input
          ref={field}
          class="input"
          name="name"
          required
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </Field>
      <Button type="submit" tone="primary">
        <RotateCcw size={17} aria-hidden="true" /> Recover from the bucket
      </Button>
      <p class="small quiet">
        This one was saved as <strong class="mono">{hint}</strong>. Another name shows what happens
        then.
      </p>
    </form>
  );
}
