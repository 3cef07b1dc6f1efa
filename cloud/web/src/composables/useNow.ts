import { onScopeDispose, ref, type Ref } from "vue";

/** The time, every few seconds, for "2 min ago". */
export function useNow(everyMs = 5000): Ref<number> {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), everyMs);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
