import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Life } from "../../../src/api.js";
import { showCode } from "../../core/code.js";
import { life, refreshFiles, setup } from "../../core/live.js";
import { hrefOf } from "../../core/route.js";
import { Empty, Note } from "../../ui/parts.js";
import "./disaster.css";
import { Picture } from "../setup/picture.js";
import { livePulses } from "../setup/pulse.js";
import { Kill } from "./kill.js";
import { credentials, Places } from "./places.js";
import { RecoverForm } from "./recover-form.js";
import { type Recovery, recovery } from "./recovery.js";
import { Result } from "./result.js";
import { localNames, recoverSnippet } from "./snippets.js";
import { Steps } from "./steps.js";

const chapters = [
  { id: "before", title: "It runs" },
  { id: "down", title: "It is gone" },
  { id: "back", title: "It comes back" },
] as const;

const poolHref = (id: string): string => hrefOf("setup", id);

type Chapter = (typeof chapters)[number]["id"];

/** The story of the whole project: a set-up is lost, and comes back from credentials and a name. */
export function DisasterView() {
  const now = life.value;
  const last = recovery.value;
  const chapter = now ? chapterOf(now, last) : "before";
  const isKnown = now !== null;
  useEffect(() => {
    // The point of it all; what is done here shows its own code.
    const { value } = life;
    if (value) showCode(recoverSnippet({ name: value.name, life: value, setup: setup.value }));
  }, [isKnown]);
  useEffect(() => {
    // Files grow; nobody tells of it.
    const timer = setInterval(() => void refreshFiles(), 2_000);
    return () => clearInterval(timer);
  }, []);
  // Whoever leaves after the end of the story finds its beginning again.
  useEffect(
    () => () => {
      if (recovery.value?.ms !== null && life.value?.state === "running") recovery.value = null;
    },
    [],
  );
  return (
    <div class="view disaster-view">
      <header class="view-head">
        <div>
          <h1>Lose everything, get it back</h1>
          <p class="quiet small">
            A real process is killed, real files are deleted. The set-up comes back, with every
            entry in the bucket.
          </p>
        </div>
        <ol class="chapters">
          {chapters.map(({ id, title }) => (
            <li key={id} aria-current={id === chapter ? "step" : undefined}>
              {title}
            </li>
          ))}
        </ol>
      </header>
      {now ? (
        <>
          <Places life={now} />
          <Story now={now} last={last} chapter={chapter} />
          {setup.value ? (
            <Picture
              environment={setup.value.environment}
              facts={setup.value.pools}
              live={livePulses}
              poolHref={poolHref}
              isLost={now.state !== "running"}
            />
          ) : null}
        </>
      ) : (
        <Empty>The demo is being asked …</Empty>
      )}
    </div>
  );
}

function chapterOf({ state }: Life, last: Recovery | null): Chapter {
  if (state === "recovering" || last?.ms === null) return "back";
  if (state === "down") return "down";
  return last && !last.failure ? "back" : "before";
}

interface StoryProps {
  readonly now: Life;
  readonly last: Recovery | null;
  readonly chapter: Chapter;
}

function Story({ now, last, chapter }: StoryProps) {
  switch (chapter) {
    case "before":
      return (
        <section class="panel act">
          {now.state === "starting" ? (
            <p>The sample set-up is being built …</p>
          ) : (
            <>
              <Kill now={now} />
              <p class="quiet small">Then there is one thing to know, and one button to press.</p>
            </>
          )}
        </section>
      );
    case "down":
      return (
        <>
          <section class="panel act">
            <h2>
              {localNames(now).length === 0
                ? "Everything on this machine is gone"
                : "The process is gone, and what it had in memory"}
            </h2>
            {now.failure && !last?.failure ? (
              <Note tone="bad">
                <strong class="mono">{now.failure.code}</strong> {now.failure.message}
              </Note>
            ) : null}
            {localNames(now).length === 0 ? (
              <p class="quiet small">
                All that is left here are the credentials, in{" "}
                <span class="mono">{credentials}</span>.
              </p>
            ) : null}
            <RecoverForm hint={now.name} tried={last?.failure ? last.name : ""} />
          </section>
          {last?.failure ? <Steps recovery={last} /> : null}
        </>
      );
    case "back":
      if (!last || (last.ms !== null && now.state === "recovering"))
        return <Note>The set-up is being recovered, from another window.</Note>;
      return (
        <Back>
          <Steps recovery={last} />
          {last.failure ? null : (
            <Result recovery={last}>
              <Kill now={now} isAgain />
              <a class="button" href={hrefOf("setup")}>
                Watch it live
              </a>
            </Result>
          )}
        </Back>
      );
  }
}

/** Steps and result side by side, brought into sight when it begins. */
function Back({ children }: { children: ComponentChildren }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.current?.scrollIntoView({ block: "start", behavior: isStill ? "auto" : "smooth" });
  }, []);
  return (
    <div class="back" ref={element}>
      {children}
    </div>
  );
}
