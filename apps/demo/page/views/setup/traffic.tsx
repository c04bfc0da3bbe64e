import { Pause, Play } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import type { Traffic } from "../../../src/api.js";
import { ask } from "../../core/api.js";
import { showCode } from "../../core/code.js";
import { setup } from "../../core/live.js";
import { Button, ErrorNote } from "../../ui/parts.js";
import { trafficSnippet } from "./snippets.js";

const rates = [1, 4, 20, 100, 500];

/** Turns the set-up's own reads and writes on and off, and says how many there are. */
export function TrafficControl({ isRunning }: { isRunning: boolean }) {
  const [error, setError] = useState<unknown>();
  const perSecond = setup.value?.traffic.perSecond ?? 0;
  const last = useRef(4);
  if (perSecond > 0) last.current = perSecond;
  const set = async (next: number): Promise<void> => {
    const now = setup.value;
    if (!now) return;
    setError(undefined);
    try {
      const traffic: Traffic = { perSecond: next };
      await ask("traffic", { body: traffic });
      // The set-up itself may be another meanwhile.
      setup.value = { ...(setup.value ?? now), traffic };
      showCode(trafficSnippet(now.environment));
    } catch (problem) {
      setError(problem);
    }
  };
  const isOn = perSecond > 0;
  const shown = rates.includes(last.current)
    ? rates
    : [...rates, last.current].sort((a, b) => a - b);
  return (
    <div class="row traffic">
      <Button
        disabled={!isRunning}
        aria-pressed={isOn}
        onClick={() => void set(isOn ? 0 : last.current)}
      >
        {isOn ? <Pause size={16} aria-hidden="true" /> : <Play size={16} aria-hidden="true" />}
        Traffic
      </Button>
      <select
        class="input"
        aria-label="Operations a second"
        disabled={!isRunning}
        value={last.current}
        onChange={({ currentTarget }) => void set(Number(currentTarget.value))}
      >
        {shown.map((rate) => (
          <option key={rate} value={rate}>
            {rate} a second
          </option>
        ))}
      </select>
      {error === undefined ? null : <ErrorNote error={error} />}
    </div>
  );
}
