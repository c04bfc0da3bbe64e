import { Cloud, KeyRound, Laptop } from "lucide-preact";
import type { Life } from "../../../src/api.js";
import { bytesText } from "../../core/format.js";
import { setup } from "../../core/live.js";

/** What a disaster leaves alone here, since one has it elsewhere anyway. */
export const credentials = "secrets.toml";
/** What the demo itself needs there; nothing of the set-up's. */
const home = "home";

/** Where everything lies: what a disaster takes, what it does not reach, and what one has to keep. */
export function Places({ life }: { life: Life }) {
  const { state, pid, files, endpoint, bucket, name } = life;
  const isDown = state === "down";
  const lost = gathered(files.filter(({ name }) => name !== credentials && name !== home));
  const pools = Object.values(setup.value?.pools ?? {});
  const inMemory = pools.filter(({ place }) => place === "memory").length;
  return (
    <div class="disaster-places">
      <section class={`place-card ${isDown ? "lost" : ""}`}>
        <h2>
          <Laptop size={18} aria-hidden="true" /> On this machine
        </h2>
        <p class="small quiet">{isDown ? "What is left of it." : "Would be lost."}</p>
        <ul>
          <li class={pid === null ? "gone" : ""}>
            <span>the process{pid === null ? "" : ` ${pid}`}</span>
            <span class="quiet">{pid === null ? "killed" : state}</span>
          </li>
          {inMemory === 0 ? null : (
            <li class={pid === null ? "gone" : ""}>
              <span>
                {inMemory} {inMemory === 1 ? "pool" : "pools"} in its memory
              </span>
              <span class="quiet">{pid === null ? "gone" : ""}</span>
            </li>
          )}
          {lost.map((file) => (
            <li key={file.name} class={isDown && file.bytes === null ? "gone" : ""}>
              <span class="mono">{file.name}</span>
              <span class="quiet tabular">
                {file.bytes === null ? (isDown ? "gone" : "nothing yet") : bytesText(file.bytes)}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section class="place-card safe">
        <h2>
          <Cloud size={18} aria-hidden="true" /> In the bucket
        </h2>
        <p class="small quiet">A disaster here does not reach it.</p>
        <ul>
          <li>
            <span class="mono">{bucket}</span>
            <span class="quiet mono small">{endpoint ?? "AWS"}</span>
          </li>
          <li>
            <span>
              the set-up as data, saved as <strong class="mono">{name}</strong>
            </span>
          </li>
          <li>
            <span>every entry that was memorized to it</span>
          </li>
        </ul>
      </section>
      <section class="place-card keep">
        <h2>
          <KeyRound size={18} aria-hidden="true" /> In your head and your safe
        </h2>
        <p class="small quiet">All that you have to keep.</p>
        <ul>
          <li>
            <span>
              the name: <strong class="mono">{name}</strong>
            </span>
          </li>
          <li>
            <span>
              the credentials of the bucket: <span class="mono">{credentials}</span>
            </span>
          </li>
        </ul>
      </section>
    </div>
  );
}

/** `data.h5` with its journal and lock, which lie beside it. */
function gathered(files: Life["files"]): Life["files"] {
  const isBeside = (name: string, main: string): boolean => name.startsWith(`${main}.`);
  const mains = files.filter(({ name }) => !files.some((other) => isBeside(name, other.name)));
  return mains.map(({ name }) => {
    const sizes = files
      .filter((file) => file.name === name || isBeside(file.name, name))
      .flatMap(({ bytes }) => bytes ?? []);
    return { name, bytes: sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size) };
  });
}
