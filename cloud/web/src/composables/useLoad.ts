import { onScopeDispose, ref, watch, type Ref, type WatchSource } from "vue";
import { get, Problem, type Query } from "@/api/client";

export interface Loading<T> {
  data: Ref<T | null>;
  problem: Ref<Problem | null>;
  loading: Ref<boolean>;
  reload: () => Promise<void>;
}

/** Ask for `path` now, whenever `sources` change, and on `reload`; a newer request wins. */
export function useLoad<T>(
  path: () => string | null,
  query: () => Query = () => ({}),
  sources: WatchSource[] = [],
): Loading<T> {
  const data = ref<T | null>(null) as Ref<T | null>;
  const problem = ref<Problem | null>(null);
  const loading = ref(false);
  let running: AbortController | null = null;

  async function reload(): Promise<void> {
    const where = path();
    if (where === null) return;
    running?.abort();
    const mine = new AbortController();
    running = mine;
    loading.value = true;
    try {
      const answer = await get<T>(where, query(), mine.signal);
      if (running !== mine) return;
      data.value = answer;
      problem.value = null;
    } catch (error) {
      if (running !== mine || mine.signal.aborted) return;
      problem.value = error instanceof Problem ? error : new Problem(0, String(error));
    } finally {
      if (running === mine) loading.value = false;
    }
  }

  watch([path, ...sources], () => void reload(), { immediate: true });
  onScopeDispose(() => running?.abort());
  return { data, problem, loading, reload };
}
