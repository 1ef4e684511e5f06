import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `uptake serve` listens; for `npm run dashboard`, which serves the source with hot reload. */
const API = "http://127.0.0.1:4100";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    // A policy that allows scripts and styles from files alone: nothing inline, no data URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: { host: "127.0.0.1", proxy: { "/v1": API, "/session": API } },
});
