import { onScopeDispose, ref, type Ref } from "vue";

/** Return the current time, updated every few seconds, for texts such as "2 min ago". */
export function useNow(everyMs = 5000): Ref<number> {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), everyMs);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
