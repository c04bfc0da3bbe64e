import type { Failure, OperationsEvent, RecoverStep } from "./api.js";

/** What the keeper and the process of the set-up say to each other over their IPC channel. */
export type ToSetup =
  | {
      readonly type: "sample";
      readonly token: string;
      readonly name: string;
      /** So many further pools, and so many small entries. */
      readonly pools: number;
      readonly entries: number;
    }
  | {
      readonly type: "recover";
      readonly token: string;
      readonly name: string;
    };

export type FromSetup =
  /** The process runs, and waits to be told what to be. */
  | { readonly type: "hello" }
  | { readonly type: "step"; readonly step: RecoverStep }
  /** It answers requests on that port of the loopback address. */
  | { readonly type: "ready"; readonly port: number }
  /** It could not become what it was told, and ends. */
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "operations"; readonly event: OperationsEvent }
  | { readonly type: "setup"; readonly digest: string };

/** The header that the keeper's requests bear, so that nobody else can ask the set-up. */
export const setupTokenHeader = "x-laila-demo-token";
