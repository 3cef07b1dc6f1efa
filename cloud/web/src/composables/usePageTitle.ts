import { computed, onScopeDispose, ref, watchEffect } from "vue";
import { useI18n } from "vue-i18n";
import { useRoute } from "vue-router";
import { useSchool } from "@/composables/useSchool";

const subject = ref("");

/** Name what the open page is about (an asset, a school), for the title of the window and of a print. */
export function useSubject(name: () => string | null | undefined): void {
  const mine = Symbol();
  owner = mine;
  watchEffect(() => {
    if (owner === mine) subject.value = name() ?? "";
  });
  onScopeDispose(() => {
    if (owner === mine) subject.value = "";
  });
}
let owner: symbol | null = null;

/** Keep the title of the window: subject, page, school, and the name of the app. */
export function usePageTitle() {
  const { t } = useI18n();
  const route = useRoute();
  const { school } = useSchool();
  const title = computed(() => {
    if (typeof route.name !== "string") return t("app");
    const page = t(route.name === "missing" ? "common.notFound" : `nav.${route.name}`);
    const where = route.meta.group === "selection" || route.name === "missing" ? "" : (school.value?.name ?? "");
    return [subject.value, page, where, t("app")].filter(Boolean).join(" · ");
  });
  watchEffect(() => (document.title = title.value));
  return title;
}
