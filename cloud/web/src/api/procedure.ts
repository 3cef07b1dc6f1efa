// The shapes of what may be done in the procedure, and of which choice matters most.
import type { LocalizedText } from "@/api/types";
import type { Step, Titled } from "@/api/award";

export interface PossibleStep {
  step: string;
  title: LocalizedText;
  may: boolean;
  why: LocalizedText | null;
}

export interface DeclaredFigure {
  item: string;
  title: LocalizedText;
  value: number;
  declared_on: string;
  confirmed_on: string | null;
  confirmed_by: string | null;
}

export interface NextSteps {
  assessment: string;
  selection: string | null;
  school: string | null;
  today: string;
  steps: PossibleStep[];
  objections: Step[];
  declared: DeclaredFigure[];
}

export interface SensitivityIndex {
  first: number;
  first_within: number;
  total: number;
  total_within: number;
}

export interface Influence extends Titled {
  schools: number;
  is_told: boolean;
  text: LocalizedText;
  selected: SensitivityIndex;
  ranks: SensitivityIndex;
}

export interface Sensitivity {
  selection: string;
  digest: string;
  seed: number;
  variants: number;
  places: number;
  changed: number;
  moved: number;
  text: LocalizedText;
  influences: Influence[];
}
