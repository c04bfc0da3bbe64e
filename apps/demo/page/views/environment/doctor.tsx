import { CircleAlert, Info, Stethoscope, TriangleAlert } from "lucide-preact";
import { useEffect } from "preact/hooks";
import type { DoctorAnswer } from "../../../src/api.js";
import { count } from "../../core/format.js";
import { life } from "../../core/live.js";
import { go } from "../../core/route.js";
import { CodeBlock } from "../../ui/code-panel.js";
import { Badge, Button, ErrorNote, Note, Panel } from "../../ui/parts.js";
import { Waiting } from "../../ui/waiting.js";
import { DocumentChoice } from "./choice.js";
import { showDoctor } from "./snippets.js";
import { askDoctor, type Named, titleOf, useDoctor } from "./store.js";

/** Would the live set-up, or a version of it, work here? */
export function Doctor({ name, named }: { readonly name: string; readonly named: Named }) {
  const { value, error, isLoading } = useDoctor(name, named);
  useEffect(() => showDoctor(name, named), [name, named]);
  return (
    <Panel
      title="Would it work here?"
      actions={
        <span class="row">
          <DocumentChoice
            name={name}
            label="Which document"
            value={named}
            onChange={(to) => go("environment", name, "doctor", String(to))}
          />
          <Button
            disabled={isLoading || life.value?.state !== "running"}
            onClick={() => {
              showDoctor(name, named);
              void askDoctor(name, named);
            }}
          >
            <Stethoscope size={16} aria-hidden="true" />
            Ask again
          </Button>
        </span>
      }
    >
      <div class="doctor" aria-busy={isLoading}>
        <p class="quiet small">
          The doctor opens every pool, and writes, reads and removes 32 bytes in each. Nothing is
          opened that is not trusted.
        </p>
        <div role="status">
          {error ? <ErrorNote error={error} /> : null}
          {value ? <Verdict answer={value} what={titleOf(named)} /> : null}
        </div>
        {value ? (
          <Findings findings={value.findings} />
        ) : error ? null : (
          <Waiting>Asking the doctor…</Waiting>
        )}
      </div>
    </Panel>
  );
}

function Verdict({
  answer: { ok, opened, pools, findings },
  what,
}: {
  readonly answer: DoctorAnswer;
  readonly what: string;
}) {
  const more = findings.length === 0 ? "Nothing to mend." : "";
  return (
    <Note tone={ok ? "good" : "bad"}>
      <strong>
        {ok ? `Would work here: ${what}.` : `Would not work here: ${what}, as it is.`}
      </strong>{" "}
      {opened} of {count(pools, "pool")} opened. {more}
    </Note>
  );
}

const severities = {
  error: { tone: "bad", icon: CircleAlert },
  warning: { tone: "warn", icon: TriangleAlert },
  info: { tone: "plain", icon: Info },
} as const;

function Findings({ findings }: Pick<DoctorAnswer, "findings">) {
  const order = Object.keys(severities);
  const sorted = [...findings].sort(
    (a, b) => order.indexOf(a.severity) - order.indexOf(b.severity),
  );
  return (
    <ul class="findings" aria-label="Findings">
      {sorted.map(({ severity, code, poolName, text, fix }, i) => {
        const { tone, icon: Icon } = severities[severity];
        return (
          <li key={i} class={`finding ${tone}`}>
            <p class="row">
              <Badge tone={tone}>
                <Icon size={13} aria-hidden="true" />
                {severity}
              </Badge>
              <strong class="mono">{code}</strong>
              {poolName === null ? null : <span class="quiet">{poolName}</span>}
            </p>
            <p>{text}</p>
            {fix === null ? null : <CodeBlock title="Fix, in a terminal" text={fix} />}
          </li>
        );
      })}
    </ul>
  );
}
