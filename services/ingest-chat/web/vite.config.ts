import { defineConfig } from "vite";

// One script tag on other people's pages: one classic file, styles inside it, nothing loaded later.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: "../src/standardiste/ingest_chat/static/built",
    emptyOutDir: true,
    target: "es2020",
    lib: { entry: "src/main.tsx", formats: ["iife"], name: "StandardisteChat", fileName: () => "widget.js" },
  },
});
