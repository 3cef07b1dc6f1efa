import { onScopeDispose, ref, watch, type Ref } from "vue";
import { address, events } from "@/api/client";
import type { LiveAsset, LiveStates } from "@/api/schema";

const LONGEST_WAIT_MS = 30_000;

export interface LiveState {
  connected: Ref<boolean>;
  assets: Ref<Map<string, LiveAsset>>;
  at: Ref<string | null>;
}

/** Return the live state of a school's assets, updated while the page is open; reconnects automatically. */
export function useLive(school: () => string | null): LiveState {
  const connected = ref(false);
  const assets = ref(new Map<string, LiveAsset>());
  const at = ref<string | null>(null);
  let stop: AbortController | null = null;

  function take(live: LiveStates): void {
    at.value = live.at;
    const next = new Map(assets.value);
    for (const asset of live.assets) next.set(asset.asset, asset);
    assets.value = next;
  }

  async function follow(id: string, signal: AbortSignal): Promise<void> {
    let wait = 1000;
    while (!signal.aborted) {
      try {
        await events(
          address("/api/v1/schools/{school}/live", { path: { school: id } }),
          (name, data) => {
            connected.value = true;
            wait = 1000;
            if (name === "state") take(JSON.parse(data) as LiveStates);
          },
          signal,
        );
      } catch {
        // A stream normally ends with an error; it is opened again below.
      }
      connected.value = false;
      if (signal.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  watch(
    school,
    (id) => {
      stop?.abort();
      assets.value = new Map();
      if (id === null) return;
      stop = new AbortController();
      void follow(id, stop.signal);
    },
    { immediate: true },
  );
  onScopeDispose(() => stop?.abort());
  return { connected, assets, at };
}
