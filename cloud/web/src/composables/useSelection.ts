import { computed, ref } from "vue";
import { load as read, Problem } from "@/api/client";
import type { AssessmentLine, SelectionLine } from "@/api/schema";

const assessments = ref<AssessmentLine[]>([]);
const selections = ref<SelectionLine[]>([]);
const requested = ref({ assessment: "", selection: "" });
const problem = ref<Problem | null>(null);
const loading = ref(true);

const assessment = computed(
  () => assessments.value.find((line) => line.id === requested.value.assessment) ?? assessments.value[0] ?? null,
);
const ofAssessment = computed(() => selections.value.filter((line) => line.assessment === assessment.value?.id));
const selection = computed(
  () =>
    ofAssessment.value.find((line) => line.id === requested.value.selection) ??
    ofAssessment.value.find((line) => line.id === assessment.value?.latest_selection) ??
    null,
);

/** The query that names this assessment and selection in an address; empty for the newest. */
const kept = computed<Record<string, string>>(() => {
  const query: Record<string, string> = {};
  if (assessment.value && assessment.value.id !== assessments.value[0]?.id) query.assessment = assessment.value.id;
  if (selection.value && selection.value.id !== assessment.value?.latest_selection) query.selection = selection.value.id;
  return query;
});

async function load(): Promise<void> {
  loading.value = true;
  try {
    [assessments.value, selections.value] = await Promise.all([
      read("/api/v1/assessments", {}),
      read("/api/v1/selections", {}),
    ]);
    problem.value = null;
  } catch (error) {
    problem.value = error instanceof Problem ? error : new Problem(0, String(error));
  } finally {
    loading.value = false;
  }
}

function choose(choice: { assessment?: string; selection?: string }): void {
  requested.value = { assessment: choice.assessment ?? requested.value.assessment, selection: choice.selection ?? "" };
}

/** Return the assessment and the selection that the selection pages show: those of the address, or the newest. */
export function useSelection() {
  return { assessments, selections: ofAssessment, assessment, selection, kept, problem, loading, load, choose };
}
