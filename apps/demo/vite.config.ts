import { defineConfig } from "vite";

/** The page: static files below dist/page, which the keeper serves. Nothing is loaded from elsewhere. */
export default defineConfig({
  root: "page",
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // A file of its own for everything: the page's policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  worker: { format: "es" },
});
