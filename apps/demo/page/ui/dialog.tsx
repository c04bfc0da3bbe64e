import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "./parts.js";

interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** The word on the button that does it. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** False while what would be done is not known yet. */
  readonly isReady?: boolean;
  readonly onAction: () => void;
  readonly children: ComponentChildren;
}

/** Asks before something is done. Escape and "Cancel" close it, Enter does it. */
export function Dialog(props: DialogProps) {
  const { title, isOpen, onClose, action, onAction, children } = props;
  const { isDangerous = false, isReady = true } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} class="dialog" aria-label={title} onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          onAction();
        }}
      >
        <h2>{title}</h2>
        {children}
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={!isReady} tone={isDangerous ? "danger" : "primary"}>
            {action}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
