import { readFileSync } from "node:fs";
import { fileURLToPath, URL } from "node:url";
import vue from "@vitejs/plugin-vue";
import Components from "unplugin-vue-components/vite";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import { defineConfig, type Plugin } from "vite";

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The app's addresses as a file of the build: the cloud answers the app there and nowhere else. */
const pages: Plugin = {
  name: "pages",
  apply: "build",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "pages.json", source: readFileSync(pathOf("./src/pages.json")) });
  },
};

export default defineConfig({
  plugins: [
    vue(),
    Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: "css" })] }),
    pages,
  ],
  resolve: { alias: { "@": pathOf("./src") } },
  build: {
    chunkSizeWarningLimit: 1800,
    target: "es2022",
    rollupOptions: { input: [pathOf("./index.html"), pathOf("./api-docs.html")] },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8090" } },
});
