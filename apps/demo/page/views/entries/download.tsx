import { Download } from "lucide-preact";
import { useState } from "preact/hooks";
import { pathOf, request } from "../../core/api.js";
import { shortId } from "../../core/format.js";
import { Button, ErrorNote } from "../../ui/parts.js";
import type { ValueWorker } from "../../worker/client.js";
import type { ExportRequest, Opened } from "../../worker/protocol.js";
import { showDownload } from "./snippets.js";

type Form = ExportRequest["as"];

/** An entry as files for others. */
export function Downloads({
  poolId,
  worker,
  opened: { facts, shape },
}: {
  poolId: string;
  worker: ValueWorker;
  opened: Opened;
}) {
  const [error, setError] = useState<unknown>(null);
  const { globalId: key, nickname, codec } = facts;
  const isArray = codec === "npy";
  const isPlain = codec === "bytes" || shape.views.includes("text");
  const forms: readonly { readonly as: Form; readonly title: string; readonly isThere: boolean }[] =
    [
      { as: "npy", title: ".npy", isThere: isArray },
      { as: "json", title: "JSON", isThere: shape.isJson },
      { as: "value", title: codec === "bytes" ? "Bytes" : "Text", isThere: isPlain },
      { as: "record", title: "Record", isThere: true },
    ];
  const download = async (as: Form): Promise<void> => {
    try {
      const { blob, extension } = await worker.ask("export", { node: shape.node, as });
      const file = fileName(nickname ?? shortId(key), as, extension);
      showDownload(poolId, { key, nickname, file, isRaw: as === "record" });
      save(blob, file);
      setError(null);
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <div class="downloads">
      <div class="row">
        <span class="small quiet">Download</span>
        {forms.map(({ as, title, isThere }) =>
          isThere ? (
            <Button key={as} onClick={() => void download(as)}>
              <Download size={16} aria-hidden="true" />
              {title}
            </Button>
          ) : null,
        )}
      </div>
      {shape.isJson ? null : (
        <p class="small quiet">
          {isArray || isPlain
            ? "JSON has no such type, so it is not offered."
            : "JSON cannot hold this value exactly, so it is not offered. The record can."}
        </p>
      )}
      {error === null ? null : <ErrorNote error={error} />}
    </div>
  );
}

/** The bytes as they lie there, for what cannot be decoded. */
export function RecordDownload({ poolId, entryKey }: { poolId: string; entryKey: string }) {
  const [error, setError] = useState<unknown>(null);
  const download = async (): Promise<void> => {
    try {
      const file = fileName(shortId(entryKey), "record", "laila");
      const response = await request(pathOf("pools", poolId, "entries", entryKey));
      showDownload(poolId, { key: entryKey, nickname: null, file, isRaw: true });
      save(await response.blob(), file);
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <div class="row">
      <Button onClick={() => void download()}>
        <Download size={16} aria-hidden="true" />
        Download the stored bytes
      </Button>
      {error === null ? null : <ErrorNote error={error} />}
    </div>
  );
}

/** A name that any system takes; a nickname that is a file's name already keeps it. */
function fileName(name: string, as: Form, extension: string): string {
  const safe = name.replace(/[^\w.-]+/g, "-").slice(0, 120) || "entry";
  return as === "value" && /\.\w{1,8}$/.test(safe) ? safe : `${safe}.${extension}`;
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
