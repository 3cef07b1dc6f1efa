import { computed, ref, type WritableComputedRef } from "vue";
import { useRoute, useRouter } from "vue-router";

/** Return what a reader chose (the order of a table, a filter), kept in the query of the address under a name; without a name, in the page only. */
export function useInAddress(key: () => string | undefined): WritableComputedRef<string> {
  const route = useRoute();
  const router = useRouter();
  const here = ref("");
  return computed({
    get: () => {
      const name = key();
      if (!name) return here.value;
      return typeof route.query[name] === "string" ? (route.query[name] as string) : "";
    },
    set: (choice: string) => {
      const name = key();
      if (!name) {
        here.value = choice;
        return;
      }
      const { [name]: _before, ...others } = route.query;
      void router.replace({ query: choice ? { ...others, [name]: choice } : others });
    },
  });
}
