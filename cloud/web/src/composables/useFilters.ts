import { nextTick, reactive, ref, watch } from "vue";
import { useRoute, useRouter, type LocationQuery } from "vue-router";

/** Keep the filters, the order, the page and its size of a list in the query of the address; other parameters stay. */
export function useFilters<K extends string>(keys: readonly K[], firstOrder: string, firstSize = 50) {
  const route = useRoute();
  const router = useRouter();
  const parameter = (query: LocationQuery, key: string): string => (typeof query[key] === "string" ? (query[key] as string) : "");

  const filter = reactive(Object.fromEntries(keys.map((key) => [key, parameter(route.query, key)]))) as Record<K, string>;
  const sort = ref(parameter(route.query, "sort") || firstOrder);
  const page = ref(Number(parameter(route.query, "page") || 1));
  const size = ref(Number(parameter(route.query, "size") || firstSize));
  const managed = new Set<string>([...keys, "sort", "page", "size"]);
  const here = route.name;

  watch(
    () => ({ ...filter }),
    () => (page.value = 1),
  );
  watch([() => ({ ...filter }), sort, page, size], () => {
    if (route.name !== here) return;
    const others = Object.entries(route.query).filter(([key]) => !managed.has(key));
    const query = { ...filter, sort: sort.value === firstOrder ? "" : sort.value, page: page.value > 1 ? String(page.value) : "", size: size.value === firstSize ? "" : String(size.value) };
    void router.replace({ query: { ...Object.fromEntries(others), ...Object.fromEntries(Object.entries(query).filter(([, value]) => value)) } });
  });
  watch(
    () => route.query,
    (now) => {
      if (route.name !== here) return;
      for (const key of keys) if (filter[key] !== parameter(now, key)) filter[key] = parameter(now, key);
      sort.value = parameter(now, "sort") || firstOrder;
      size.value = Number(parameter(now, "size") || firstSize);
      void nextTick(() => (page.value = Number(parameter(now, "page") || 1)));
    },
  );

  function reset(): void {
    for (const key of keys) filter[key] = "";
  }

  return { filter, sort, page, size, reset };
}
