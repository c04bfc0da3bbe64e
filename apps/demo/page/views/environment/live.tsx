import { documentDigest } from "@laila/schema";
import { useEffect, useMemo } from "preact/hooks";
import type { SavedVersion } from "../../../src/api.js";
import { setup } from "../../core/live.js";
import { hrefOf } from "../../core/route.js";
import { Note, Panel } from "../../ui/parts.js";
import { Waiting } from "../../ui/waiting.js";
import { DocumentText } from "./document.js";
import { showDocument } from "./snippets.js";
import { useHistory } from "./store.js";

/** The live document, and whether it is what was saved last. */
export function Live({ name }: { readonly name: string }) {
  const environment = setup.value?.environment;
  const { value: history } = useHistory(name);
  useEffect(() => showDocument(name, "live"), [name]);
  const digest = useMemo(
    () => (environment === undefined ? null : documentDigest(environment)),
    [environment],
  );
  if (environment === undefined) return <Waiting>Waiting for the set-up…</Waiting>;
  const current = history?.versions.find(({ version }) => version === history.current);
  return (
    <Panel title="The live set-up, as data">
      {current && digest !== null ? <Drift name={name} current={current} digest={digest} /> : null}
      <DocumentText environment={environment} fileName={`${name}-live.json`} />
    </Panel>
  );
}

function Drift({
  name,
  current: { version, digest: saved },
  digest,
}: {
  readonly name: string;
  readonly current: SavedVersion;
  readonly digest: string;
}) {
  if (digest === saved)
    return <p class="quiet small drift">It is what is saved as version {version}.</p>;
  return (
    <div class="drift">
      <Note tone="warn">
        It is not what is saved as version {version}.{" "}
        <a href={hrefOf("environment", name, "compare", String(version), "live")}>
          See the changes
        </a>
      </Note>
    </div>
  );
}
