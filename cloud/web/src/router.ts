import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import pages from "./pages.json";

// The addresses are in pages.json, which the cloud reads too: it answers every other address with 404.
const views: Record<string, Pick<RouteRecordRaw, "component" | "meta">> = {
  overview: { component: () => import("@/views/school/OverviewView.vue") },
  assets: { component: () => import("@/views/school/AssetsView.vue") },
  asset: { component: () => import("@/views/school/AssetView.vue") },
  records: { component: () => import("@/views/school/RecordsView.vue") },
  gateways: { component: () => import("@/views/school/GatewaysView.vue") },
  import: { component: () => import("@/views/school/ImportView.vue"), meta: { alone: true } },
  score: { component: () => import("@/views/school/ScoreView.vue") },
  ranking: { component: () => import("@/views/selection/RankingView.vue"), meta: { group: "selection" } },
  ranked: { component: () => import("@/views/selection/RankedSchoolView.vue"), meta: { group: "selection" } },
  procedure: { component: () => import("@/views/selection/ProcedureView.vue"), meta: { group: "selection" } },
  counties: { component: () => import("@/views/selection/CountiesView.vue"), meta: { group: "selection" } },
  standard: { component: () => import("@/views/selection/StandardView.vue"), meta: { group: "selection", alone: true } },
};

export const routes = pages.map(({ name, path }): RouteRecordRaw => ({ name, path, ...views[name] }) as RouteRecordRaw);

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [...routes, { path: "/:rest(.*)*", name: "missing", component: () => import("@/views/MissingView.vue") }],
});
