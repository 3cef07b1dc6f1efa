import { createRouter, createWebHistory, type LocationQuery, type RouteLocationNormalized, type RouteRecordRaw } from "vue-router";
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

/** Whether two addresses differ only in what is open or marked on the page: then the reader stays where he is. */
function isSameList(to: RouteLocationNormalized, from: RouteLocationNormalized): boolean {
  const listOf = ({ clause: _clause, row: _row, ...others }: LocationQuery): string => JSON.stringify(Object.entries(others).filter(([key]) => !ABOUT.has(key)).sort());
  return to.path === from.path && listOf(to.query) === listOf(from.query);
}
// What an address of a finding names besides: see `useOpenClauses`.
const ABOUT = new Set(["school", "assessment", "selection"]);

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved ?? (isSameList(to, from) ? false : { top: 0 }),
  routes: [...routes, { path: "/:rest(.*)*", name: "missing", component: () => import("@/views/MissingView.vue") }],
});
