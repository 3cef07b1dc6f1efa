import { createRouter, createWebHistory } from "vue-router";

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: "/", name: "overview", component: () => import("@/views/OverviewView.vue") },
    { path: "/assets", name: "assets", component: () => import("@/views/AssetsView.vue") },
    { path: "/assets/:id(\\d+)", name: "asset", component: () => import("@/views/AssetView.vue") },
    { path: "/gateways", name: "gateways", component: () => import("@/views/GatewaysView.vue") },
    { path: "/score", name: "score", component: () => import("@/views/ScoreView.vue") },
    { path: "/:rest(.*)*", name: "missing", component: () => import("@/views/MissingView.vue") },
  ],
});
