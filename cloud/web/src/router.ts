import { createRouter, createWebHistory } from "vue-router";

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: "/", name: "overview", component: () => import("@/views/OverviewView.vue") },
    { path: "/assets", name: "assets", component: () => import("@/views/AssetsView.vue") },
    { path: "/assets/:id(\\d+)", name: "asset", component: () => import("@/views/AssetView.vue") },
    { path: "/books", name: "books", component: () => import("@/views/BooksView.vue") },
    { path: "/gateways", name: "gateways", component: () => import("@/views/GatewaysView.vue") },
    { path: "/score", name: "score", component: () => import("@/views/ScoreView.vue") },
    { path: "/ranking", name: "ranking", component: () => import("@/views/RankingView.vue"), meta: { group: "award" } },
    { path: "/ranking/:school(\\d{10})", name: "ranked", component: () => import("@/views/RankedSchoolView.vue"), meta: { group: "award" } },
    { path: "/procedure", name: "procedure", component: () => import("@/views/ProcedureView.vue"), meta: { group: "award" } },
    { path: "/counties", name: "counties", component: () => import("@/views/CountiesView.vue"), meta: { group: "award" } },
    { path: "/standard", name: "standard", component: () => import("@/views/StandardView.vue"), meta: { group: "award", alone: true } },
    { path: "/:rest(.*)*", name: "missing", component: () => import("@/views/MissingView.vue") },
  ],
});
