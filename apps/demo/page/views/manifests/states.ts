import {
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  FileWarning,
  type LucideIcon,
  TriangleAlert,
  Wrench,
} from "lucide-preact";
import type { LeafLine } from "../../../src/api.js";

/** What is known of a leaf. */
export type LeafState = LeafLine["outcome"] | "unchecked";

interface Look {
  readonly word: string;
  readonly tone: "good" | "warn" | "bad" | "accent" | "plain";
  readonly icon: LucideIcon;
  readonly about: string;
}

/** How each state is shown, in the order of the counts. */
export const looks: Readonly<Record<LeafState, Look>> = {
  missing: { word: "missing", tone: "bad", icon: CircleX, about: "It is not in this pool." },
  damaged: {
    word: "corrupt",
    tone: "bad",
    icon: FileWarning,
    about: "What lies there is not what was written: its digest does not fit.",
  },
  lost: {
    word: "lost",
    tone: "bad",
    icon: CircleX,
    about: "The pools that were asked have no sound copy of it.",
  },
  failed: {
    word: "failed",
    tone: "bad",
    icon: TriangleAlert,
    about: "The pool could not tell.",
  },
  repaired: {
    word: "repaired",
    tone: "accent",
    icon: Wrench,
    about: "A sound copy was brought from another pool, and read back.",
  },
  whole: {
    word: "whole",
    tone: "good",
    icon: CircleCheck,
    about: "It is there, and every byte is as it was written.",
  },
  unverified: {
    word: "there",
    tone: "warn",
    icon: CircleHelp,
    about: "It is there, and cannot be checked here, such as encrypted bytes.",
  },
  unchecked: {
    word: "not checked yet",
    tone: "plain",
    icon: CircleDashed,
    about: "Verify reads it and checks its digest.",
  },
};

/** Whether something is known to be wrong with it. */
export function isWrong(state: LeafState): boolean {
  return state === "missing" || state === "damaged" || state === "lost" || state === "failed";
}
