import { computed, ref } from "vue";
import { load as read, Problem } from "@/api/client";
import type { CodeList, School } from "@/api/schema";

const KEY = "campus-school";
const schools = ref<School[]>([]);
const codeLists = ref<CodeList[]>([]);
const chosen = ref<string>(localStorage.getItem(KEY) ?? "");
const problem = ref<Problem | null>(null);
const loading = ref(true);

const names = computed(() => new Map(schools.value.map((entry) => [entry.id, entry.name])));

const school = computed(
  () => schools.value.find((entry) => entry.id === chosen.value) ?? schools.value[0] ?? null,
);

async function load(): Promise<void> {
  loading.value = true;
  try {
    [schools.value, codeLists.value] = await Promise.all([
      read("/api/v1/schools", {}),
      read("/api/v1/code-lists", {}),
    ]);
    problem.value = null;
  } catch (error) {
    problem.value = error instanceof Problem ? error : new Problem(0, String(error));
  } finally {
    loading.value = false;
  }
}

function choose(id: string): void {
  chosen.value = id;
  localStorage.setItem(KEY, id);
}

/** Return the name of a code of a list in the reader's language; the code itself where it is unknown. */
function codeWord(list: string, code: string | null, language: string): string {
  if (code === null) return "";
  const item = codeLists.value.find((codeList) => codeList.id === list)?.items.find((entry) => entry.code === code);
  return item ? (item.name[language] ?? item.name.en ?? code) : code;
}

/** Return the name of a school by its code; the code itself where it is unknown. */
function nameOf(id: string): string {
  return names.value.get(id) ?? id;
}

export function useSchool() {
  return { schools, nameOf, school, problem, loading, load, choose, codeLists, codeWord };
}
