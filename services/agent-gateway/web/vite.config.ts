import { defineConfig } from "vite";

const site = process.env["STANDARDISTE_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/desk/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: "../src/standardiste/agent_gateway/static/built",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/v1": { target: site, ws: true, changeOrigin: true } } },
});
