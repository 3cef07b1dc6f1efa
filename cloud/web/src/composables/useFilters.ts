import { reactive, ref, watch } from "vue";
import { useRoute, useRouter, type LocationQuery } from "vue-router";

/** Filters, order and page of a list that live in the address, in addition to its other parameters. */
export function useFilters<K extends string>(keys: readonly K[], firstOrder: string) {
  const route = useRoute();
  const router = useRouter();
  const of = (query: LocationQuery, key: string): string => (typeof query[key] === "string" ? (query[key] as string) : "");

  const filter = reactive(Object.fromEntries(keys.map((key) => [key, of(route.query, key)]))) as Record<K, string>;
  const sort = ref(of(route.query, "sort") || firstOrder);
  const page = ref(Number(of(route.query, "page") || 1));
  const own = new Set<string>([...keys, "sort", "page"]);
  const here = route.name;

  watch(
    () => ({ ...filter }),
    () => (page.value = 1),
  );
  watch([() => ({ ...filter }), sort, page], () => {
    if (route.name !== here) return;
    const others = Object.entries(route.query).filter(([key]) => !own.has(key));
    const query = { ...filter, sort: sort.value === firstOrder ? "" : sort.value, page: page.value > 1 ? String(page.value) : "" };
    void router.replace({ query: { ...Object.fromEntries(others), ...Object.fromEntries(Object.entries(query).filter(([, value]) => value)) } });
  });
  watch(
    () => route.query,
    (now) => {
      if (route.name !== here) return;
      for (const key of keys) if (filter[key] !== of(now, key)) filter[key] = of(now, key);
    },
  );

  function reset(): void {
    for (const key of keys) filter[key] = "";
  }

  return { filter, sort, page, reset };
}
