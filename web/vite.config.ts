/** How the interface is built and tested: one folder of hashed assets, without a line of inline script or style. */
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env["ATELIER_SERVER"] ?? "http://127.0.0.1:4400";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // A data: address in a style sheet or a preload polyfill in a script would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    sourcemap: false,
    rolldownOptions: {
      output: {
        // Each on its own they would be fifty files more, of which most weighs more by its request than by what it holds.
        codeSplitting: {
          groups: [
            { name: "shared", test: /lucide-react|src.(shared|engines)/, minShareCount: 4 },
            { name: "icons", test: /lucide-react/, minShareCount: 2 },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: server },
      "/socket.io": { target: server, ws: true },
    },
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "node",
    restoreMocks: true,
  },
});
