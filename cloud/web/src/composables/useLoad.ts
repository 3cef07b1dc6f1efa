import { onScopeDispose, ref, watch, type Ref, type WatchSource } from "vue";
import { load, Problem, type AnswerOf, type LoadPath, type Params } from "@/api/client";

export interface Loading<T> {
  data: Ref<T | null>;
  problem: Ref<Problem | null>;
  loading: Ref<boolean>;
  reload: () => Promise<void>;
}

/**
 * Read a path of the API now, whenever its path parameters or `sources` change, and on `reload`; a
 * newer request wins. Nothing is read while `params` gives null.
 */
export function useLoad<P extends LoadPath>(path: P, params: () => Params<P> | null, sources: WatchSource[] = []): Loading<AnswerOf<P>> {
  const data = ref<AnswerOf<P> | null>(null) as Ref<AnswerOf<P> | null>;
  const problem = ref<Problem | null>(null);
  const loading = ref(false);
  let running: AbortController | null = null;

  async function reload(): Promise<void> {
    const wanted = params();
    if (wanted === null) return;
    running?.abort();
    const mine = new AbortController();
    running = mine;
    loading.value = true;
    try {
      const answer = await load(path, wanted, mine.signal);
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

  watch([() => JSON.stringify(params()?.path ?? params()), ...sources], () => void reload(), { immediate: true });
  onScopeDispose(() => running?.abort());
  return { data, problem, loading, reload };
}
