import { nextTick, onScopeDispose, watch } from "vue";
import { useRoute } from "vue-router";

/**
 * Bring what the address names into view once, as soon as it is there: `wanted` gives its id, from the query or the
 * hash, and `isThere` turns true with the content.
 */
export function useArrival(wanted: () => string, isThere: () => boolean): void {
  const stop = watch(
    () => [wanted(), isThere()] as const,
    async ([id, there]) => {
      if (!id || !there) return;
      await nextTick();
      const place = document.getElementById(id);
      if (!place) return;
      stop();
      place.scrollIntoView({ block: "start" });
    },
    { immediate: true, flush: "post" },
  );
  onScopeDispose(stop);
}

/** Return the id that the hash of the address names. */
export function useHash(): () => string {
  const route = useRoute();
  return () => decodeURIComponent(route.hash.slice(1));
}
