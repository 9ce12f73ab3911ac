// Builds the pages. `npm run build` writes ./dist; build.rs names another folder with --outDir.
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Below this size a compressed copy costs more than it saves. */
const SMALLEST_COMPRESSED_FILE = 1024;
/** Everything here is text; images come compressed already. */
const COMPRESSED_FILES = /\.(js|css|svg|json|txt)$/;
/** Where a server that runs from source listens. */
const DEVELOPMENT_SERVER = "http://127.0.0.1:8420";

const compress = promisify(gzip);

/** Puts `name.gz` beside each text file, so that the server never compresses while it answers. */
function compressedCopies(): Plugin {
  let folder = "";
  return {
    name: "souk-compressed-copies",
    apply: "build",
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile() && COMPRESSED_FILES.test(entry.name));
      await Promise.all(
        files.map(async (entry) => {
          const file = path.join(entry.parentPath, entry.name);
          const content = await readFile(file);
          if (content.length < SMALLEST_COMPRESSED_FILE) return;
          await writeFile(`${file}.gz`, await compress(content, { level: constants.Z_BEST_COMPRESSION }));
        }),
      );
    },
  };
}

export default defineConfig({
  plugins: [react(), compressedCopies()],
  build: {
    // Every name in this folder carries a digest: the server lets browsers keep these files for good.
    assetsDir: "static",
    // A data: address would be refused for scripts and hides a file from the cache.
    assetsInlineLimit: 0,
    target: "es2022",
    // Its digest must not change with the folder that it was built in.
    sourcemap: false,
  },
  server: {
    proxy: { "/api": DEVELOPMENT_SERVER },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
  },
});
