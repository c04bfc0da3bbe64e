import * as layers from "@laila/pool/layers";
import * as opentelemetry from "@laila/pool/opentelemetry";
import { expect, it } from "vitest";

it("@laila/pool/layers exports this and nothing else", () => {
  expect(Object.keys(layers).sort()).toMatchInlineSnapshot(`
    [
      "lateOutcomeChannel",
      "layerDeclarations",
      "poolTracingChannel",
      "withLayers",
      "withRetry",
      "withThrottle",
      "withTimeout",
      "withTracing",
      "withTransforms",
    ]
  `);
});

it("@laila/pool/opentelemetry exports this and nothing else", () => {
  expect(Object.keys(opentelemetry).sort()).toMatchInlineSnapshot(`
    [
      "spansFromPools",
    ]
  `);
});
