import { computed } from "vue";
import { useRoute, useRouter, type LocationQueryRaw } from "vue-router";

/**
 * The clauses that are open on a page of findings, kept in the address (`?clause=A14,C03`), so that a finding can be
 * linked to and is still open after Back. `about` is what the address has to name besides: the school, the assessment.
 */
export function useOpenClauses(about: () => Record<string, string>) {
  const route = useRoute();
  const router = useRouter();
  const here = route.name;
  const inAddress = (key: string): string => (typeof route.query[key] === "string" ? (route.query[key] as string) : "");

  const open = computed<string[]>({
    get: () => inAddress("clause").split(",").filter(Boolean),
    set: (clauses) => {
      if (route.name !== here) return;
      const { clause: _clause, row: _row, ...others } = route.query;
      void router.replace({ query: clauses.length ? { ...others, ...about(), clause: clauses.join(",") } : others });
    },
  });

  /** The query of the address of one finding, or of one row of its evidence. */
  function addressOf(clause: string, row?: string): LocationQueryRaw {
    const { clause: _clause, row: _row, ...others } = route.query;
    return { ...others, ...about(), clause, ...(row ? { row } : {}) };
  }
  return { open, row: computed(() => inAddress("row")), addressOf };
}
