// The shapes of what may be done in the procedure, and of which choice matters most.
import type { Step, Titled } from "@/api/award";

export interface PossibleStep {
  step: string;
  title_zh: string;
  title_en: string;
  may: boolean;
  why_zh: string | null;
  why_en: string | null;
}

export interface DeclaredFigure {
  item: string;
  title_zh: string;
  title_en: string;
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
  text_zh: string;
  text_en: string;
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
  text_zh: string;
  text_en: string;
  influences: Influence[];
}
