import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    thorough: boolean;
  }
}

/** True under `pnpm test:crash`: everything is tried, where else a sample is. */
export const thorough = inject("thorough");
